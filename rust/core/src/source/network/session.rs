//! The beginning of an RTSP stream: what a server describes, and what of it is asked for.

use retina::{
    client::{
        Demuxed, Described, InitialSequenceNumberPolicy, InitialTimestampPolicy, PlayOptions, Session, SessionIdPolicy,
        SessionOptions, SetupOptions, TeardownPolicy, UnassignedChannelDataPolicy, UnknownRtcpSsrcPolicy,
    },
    codec::{FrameFormat, ParametersRef},
};

use super::{
    access_unit::Codec,
    gate::Shared,
    url::{Address, GO_ON},
};
use crate::base::error::{Code, Error};

/// What a decoder is opened with.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Form {
    pub(super) size: (u32, u32),
    /// Codec, profile and level.
    pub(super) codec: String,
}

/// A stream that plays.
pub(super) struct Playing {
    pub(super) demuxed: Demuxed,
    pub(super) stream: usize,
    pub(super) codec: Codec,
    pub(super) rate: u32,
}

/// Describes and starts a stream; an error says whether the description is at fault.
pub(super) async fn play(address: &Address, shared: &Shared, url: &str) -> Result<Playing, (Error, bool)> {
    let failed = |error: &retina::Error, sentence: &str| {
        let text = error.to_string();
        let made = || address.error(Code::NetworkUnavailable, sentence, &text);
        (shared.failure().map(at_start).unwrap_or_else(made), false)
    };
    let url = url::Url::parse(url)
        .map_err(|error| (address.error(Code::Internal, "its gate has no address", &error.to_string()), false))?;
    let options = SessionOptions::default()
        .user_agent(concat!("giftgrab/", env!("CARGO_PKG_VERSION")).to_owned())
        // The gate says goodbye.
        .teardown(TeardownPolicy::Never)
        .unassigned_channel_data(UnassignedChannelDataPolicy::Ignore)
        .session_id(SessionIdPolicy::UseFirst);
    let mut session = Session::describe(url, options).await.map_err(|error| {
        if shared.failure().is_none() && error.to_string().contains("No parseable streams") {
            return (address.error(Code::NoVideo, "it has no video", ""), false);
        }
        failed(&error, "its description cannot be read")
    })?;
    let (stream, codec) = choose(address, &session).map_err(|error| (error, false))?;
    shared.set_codec(codec);
    let rate = session.streams()[stream].clock_rate_hz();
    session
        .setup(stream, SetupOptions::default().frame_format(FrameFormat::SIMPLE))
        .await
        .map_err(|error| failed(&error, "it cannot be set up"))?;
    // Only differences of times are used, and packets are numbered by what comes.
    let options = PlayOptions::default()
        .initial_timestamp(InitialTimestampPolicy::Ignore)
        .initial_seq(InitialSequenceNumberPolicy::Ignore)
        .unknown_rtcp_ssrc(UnknownRtcpSsrcPolicy::DropPackets);
    let playing = session.play(options).await.map_err(|error| failed(&error, "it cannot be started"))?;
    let demuxed = playing.demuxed().map_err(|error| (failed(&error, "its description cannot be used").0, true))?;
    Ok(Playing { demuxed, stream, codec, rate })
}

/// A connection that ends before the first frame was none.
fn at_start(error: Error) -> Error {
    if error.code != Code::ConnectionLost {
        return error;
    }
    Error { code: Code::NetworkUnavailable, message: error.message.replacen(GO_ON, "open", 1), ..error }
}

/// The first video stream that can be read. Sound and other data is never asked for.
fn choose(address: &Address, session: &Session<Described>) -> Result<(usize, Codec), Error> {
    let mut others = Vec::new();
    for (index, stream) in session.streams().iter().enumerate() {
        if stream.media() != "video" {
            continue;
        }
        match stream.encoding_name() {
            "h264" => return Ok((index, Codec::H264)),
            "h265" => return Ok((index, Codec::Hevc)),
            "jpeg" => return Ok((index, Codec::Mjpeg)),
            other => others.push(other.chars().filter(char::is_ascii_graphic).take(20).collect::<String>()),
        }
    }
    if others.is_empty() {
        return Err(address.error(Code::NoVideo, "it has no video", ""));
    }
    let sentence = format!("its video is {}; only h264, h265 and jpeg are read by RTSP", others.join(", "));
    Err(address.error(Code::CodecUnavailable, &sentence, ""))
}

pub(super) fn form(playing: &Playing) -> Option<Form> {
    match playing.demuxed.streams()[playing.stream].parameters()? {
        ParametersRef::Video(video) => {
            Some(Form { size: video.pixel_dimensions(), codec: video.rfc6381_codec().to_owned() })
        }
        _ => None,
    }
}
