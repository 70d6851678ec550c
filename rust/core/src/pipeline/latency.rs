//! Distributions of durations, recorded from any thread.

use hdrhistogram::Histogram;
use parking_lot::Mutex;

use serde::Serialize;

/// A distribution of durations, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Latency {
    /// Number of values.
    pub count: u64,
    /// Mean.
    pub mean_ms: f64,
    /// Median.
    pub p50_ms: f64,
    /// 95th percentile.
    pub p95_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    /// Largest value.
    pub max_ms: f64,
}

/// A histogram of nanoseconds, to two significant digits, up to about 18 minutes.
#[derive(Debug)]
pub(crate) struct Recorder(Mutex<Histogram<u64>>);

impl Recorder {
    pub(crate) fn new() -> Self {
        let mut histogram = Histogram::new_with_bounds(1_000, 1 << 40, 2).expect("the bounds are valid");
        histogram.auto(false);
        Self(Mutex::new(histogram))
    }

    pub(crate) fn record(&self, nanoseconds: u64) {
        self.0.lock().saturating_record(nanoseconds);
    }

    pub(crate) fn snapshot(&self) -> Latency {
        let histogram = self.0.lock();
        if histogram.is_empty() {
            return Latency::default();
        }
        let ms = |nanoseconds: u64| nanoseconds as f64 / 1e6;
        Latency {
            count: histogram.len(),
            mean_ms: histogram.mean() / 1e6,
            p50_ms: ms(histogram.value_at_quantile(0.50)),
            p95_ms: ms(histogram.value_at_quantile(0.95)),
            p99_ms: ms(histogram.value_at_quantile(0.99)),
            max_ms: ms(histogram.max()),
        }
    }
}
