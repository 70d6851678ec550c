//! The states of a live source. Time is passed in, and what is to be done comes out.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use crate::{
    base::error::{Code, Error},
    frame::Gap,
    pipeline::live::LiveState,
};

const MS: u64 = 1_000_000;

/// The times after which silence is a state, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// Without a frame for so long it is stalled.
    pub(super) stalled_ns: u64,
    /// Without a frame for so long it is lost, and started again.
    pub(super) lost_ns: u64,
    /// The same for the first frame after a start, for which devices take longer.
    pub(super) first_ns: u64,
}

impl Limits {
    /// Those of frames that are `period_ns` apart.
    pub(super) fn of_period(period_ns: u64, first_ns: u64) -> Self {
        let periods = |count: u64| period_ns.saturating_mul(count);
        let lost_ns = periods(10).max(2000 * MS);
        Self { stalled_ns: periods(5).max(500 * MS), lost_ns, first_ns: first_ns.max(lost_ns) }
    }
}

/// The first and the longest pause before another attempt.
const BACK_OFF_NS: (u64, u64) = (100 * MS, 5000 * MS);

/// The time for which a driver's thread is given the chance to fetch what has come before silence counts: as long as it
/// leaves its driver alone.
const GRACE_NS: u64 = 100 * MS;

/// The share by which a pause is shortened or lengthened at random, so that many sources do not come back at one instant.
const JITTER: f64 = 0.2;

/// A change of state.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    /// The state from now on.
    pub(super) state: LiveState,
    /// Why, unless frames come.
    pub(super) cause: Option<Error>,
}

/// A time without frames that has begun.
#[derive(Debug, Clone)]
struct OpenGap {
    from_ns: u64,
    cause: Error,
}

/// What one live source is doing, and the time without frames.
#[derive(Debug)]
pub(super) struct Watch {
    state: LiveState,
    limits: Limits,
    /// Capture of the last frame.
    last_frame_ns: Option<u64>,
    /// When something last came, or the stream was started.
    last_sign_ns: u64,
    back_off_ns: u64,
    gap: Option<OpenGap>,
    /// Why it was lost last, since the last frame.
    lost_for: Option<Code>,
}

impl Watch {
    pub(super) fn new(limits: Limits, now_ns: u64) -> Self {
        Self {
            state: LiveState::Connecting,
            limits,
            last_frame_ns: None,
            last_sign_ns: now_ns,
            back_off_ns: BACK_OFF_NS.0,
            gap: None,
            lost_for: None,
        }
    }

    pub(super) fn state(&self) -> LiveState {
        self.state
    }

    pub(super) fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    fn enter(&mut self, state: LiveState, cause: Option<Error>) -> Option<Change> {
        (std::mem::replace(&mut self.state, state) != state).then_some(Change { state, cause })
    }

    /// The stream is started; no frame has come yet.
    pub(super) fn started(&mut self, now_ns: u64) {
        self.last_sign_ns = now_ns;
        if matches!(self.state, LiveState::Lost | LiveState::NoSignal) {
            self.state = LiveState::Connecting;
        }
    }

    /// Something came that is no frame yet.
    pub(super) fn sign(&mut self, now_ns: u64) {
        self.last_sign_ns = now_ns;
    }

    /// A frame came; returns the gap that it ends.
    pub(super) fn frame(&mut self, captured_ns: u64, now_ns: u64) -> (Option<Change>, Option<Gap>) {
        // On a busy machine frames that were captured in time may come late.
        let is_gap =
            |gap: &Gap| gap.cause.code != Code::SourceSilent || gap.to_ns - gap.from_ns >= self.limits.stalled_ns;
        let gap =
            self.gap.take().map(|OpenGap { from_ns, cause }| Gap { from_ns, to_ns: captured_ns.max(from_ns), cause });
        let gap = gap.filter(is_gap);
        self.last_frame_ns = Some(captured_ns);
        // A decoder may have kept it while later packets came.
        self.last_sign_ns = self.last_sign_ns.max(now_ns);
        self.back_off_ns = BACK_OFF_NS.0;
        self.lost_for = None;
        (self.enter(LiveState::Live, None), gap)
    }

    /// Looks how long nothing came, if the driver last found nothing at `looked_ns`; `silence` makes the error for a number
    /// of nanoseconds. A change to `Lost` asks for another start.
    pub(super) fn tick(&mut self, now_ns: u64, looked_ns: u64, silence: impl FnOnce(u64) -> Error) -> Option<Change> {
        let quiet_ns = now_ns.saturating_sub(self.last_sign_ns);
        // On a busy machine frames may wait that the driver's thread had no time to fetch.
        let has_looked = looked_ns.saturating_add(GRACE_NS) >= self.last_sign_ns.saturating_add(self.limits.stalled_ns);
        let stalled_ns = self.limits.stalled_ns + if has_looked { 0 } else { GRACE_NS };
        match self.state {
            LiveState::Live if quiet_ns >= stalled_ns => {
                let cause = silence(quiet_ns);
                self.begin_gap(&cause);
                self.enter(LiveState::Stalled, Some(cause))
            }
            LiveState::Stalled if quiet_ns >= self.limits.lost_ns => self.lost(silence(quiet_ns)),
            LiveState::Connecting if quiet_ns >= self.limits.first_ns => self.lost(silence(quiet_ns)),
            _ => None,
        }
    }

    /// When [`Self::tick`] has something to say, if nothing comes.
    pub(super) fn deadline_ns(&self, now_ns: u64) -> Option<u64> {
        match self.state {
            LiveState::Live => {
                let stalled_ns = self.last_sign_ns.saturating_add(self.limits.stalled_ns);
                Some(if now_ns < stalled_ns { stalled_ns } else { stalled_ns.saturating_add(GRACE_NS) })
            }
            LiveState::Stalled => Some(self.last_sign_ns.saturating_add(self.limits.lost_ns)),
            LiveState::Connecting => Some(self.last_sign_ns.saturating_add(self.limits.first_ns)),
            LiveState::NoSignal | LiveState::Lost | LiveState::Resting => None,
        }
    }

    /// It gives nothing more until it is started again. An attempt that fails as the one before is no news.
    pub(super) fn lost(&mut self, cause: Error) -> Option<Change> {
        self.begin_gap(&cause);
        let is_news = self.lost_for.replace(cause.code) != Some(cause.code);
        self.state = LiveState::Lost;
        is_news.then_some(Change { state: self.state, cause: Some(cause) })
    }

    /// The device is there and has no signal.
    pub(super) fn no_signal(&mut self, cause: Error) -> Option<Change> {
        self.begin_gap(&cause);
        self.enter(LiveState::NoSignal, Some(cause))
    }

    /// Frames are not wanted for now: silence is no gap.
    pub(super) fn rest(&mut self) {
        self.state = LiveState::Resting;
        self.gap = None;
        self.last_frame_ns = None;
        self.back_off_ns = BACK_OFF_NS.0;
    }

    /// Frames are wanted again.
    pub(super) fn resume(&mut self, now_ns: u64) {
        self.state = LiveState::Connecting;
        self.last_sign_ns = now_ns;
    }

    /// The pause before the next attempt to start; `random` is from 0 to 1.
    pub(super) fn back_off(&mut self, random: f64) -> u64 {
        let pause_ns = self.back_off_ns as f64 * (1.0 + JITTER * (2.0 * random - 1.0));
        self.back_off_ns = (self.back_off_ns * 2).min(BACK_OFF_NS.1);
        pause_ns as u64
    }

    /// A gap begins with the last frame; what is known best of its cause is kept.
    fn begin_gap(&mut self, cause: &Error) {
        match (&mut self.gap, self.last_frame_ns) {
            (Some(gap), _) if gap.cause.code == Code::SourceSilent => gap.cause = cause.clone(),
            (None, Some(from_ns)) => self.gap = Some(OpenGap { from_ns, cause: cause.clone() }),
            _ => {}
        }
    }
}

/// A number from 0 to 1 that differs from call to call, and from process to process (SplitMix64).
pub(super) fn random(now_ns: u64) -> f64 {
    static STATE: AtomicU64 = AtomicU64::new(0);
    let mut bits = STATE.fetch_add(0x9E37_79B9_7F4A_7C15, SeqCst) ^ now_ns;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}
