//! Network streams: RTSP by the crate `retina`, other protocols by FFmpeg.

mod access_unit;
mod connect;
mod gate;
mod http;
mod login;
mod mjpeg;
pub mod options;
mod pipe;
mod protocols;
mod retry;
mod rtp_clock;
mod rtsp;
mod secrets;
mod session;
mod stream;
mod ts;
mod udp;
mod url;
mod wait;

use std::sync::Arc;

pub use self::url::SafeUrl;
use self::{
    options::NetworkOptions,
    rtsp::RtspDriver,
    stream::StreamDriver,
    url::{Address, Scheme},
};
use super::live::{self, LiveSetup, driver::CaptureDriver};
use crate::{
    base::{
        error::{Code, Result},
        time::Rational,
    },
    pipeline::report::SourceInfo,
};

/// Longest time for one attempt to connect, in nanoseconds.
const LONGEST_CONNECT_NS: u64 = 10_000_000_000;

/// What may be known of the address of a stream.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct CheckedAddress {
    /// Host and port, as permissions name them.
    pub host: String,
    /// Its name in messages, without credentials, path and query.
    pub name: String,
}

/// Checks the address of a stream, and connects to nothing.
///
/// # Errors
///
/// `InvalidArgument` on `url`, or `NetworkUnavailable` for a protocol that nobody knows.
pub fn check_address(url: &str) -> Result<CheckedAddress> {
    let address = Address::parse(url)?;
    Ok(CheckedAddress { host: format!("{}:{}", address.host, address.port), name: address.safe.to_string() })
}

/// The protocols of addresses that the linked libraries can open.
#[must_use]
pub fn protocols() -> Vec<&'static str> {
    let schemes = [Scheme::Rtsp, Scheme::Http, Scheme::Https, Scheme::Rtmp, Scheme::Srt, Scheme::Udp];
    schemes
        .into_iter()
        .filter(|scheme| *scheme == Scheme::Rtsp || protocols::can_open(*scheme))
        .map(Scheme::name)
        .collect()
}

/// The driver of a network stream, which has not connected yet, and what its source is to a program.
///
/// # Errors
///
/// `InvalidArgument` naming the field, or `NetworkUnavailable` for a protocol that nobody knows.
pub fn open(options: &NetworkOptions) -> Result<(Box<dyn CaptureDriver>, LiveSetup)> {
    options.check()?;
    /// So much earlier than the source the driver gives up: it knows better why nothing came.
    const EARLIER_NS: u64 = 30_000_000;
    let address = Arc::new(options.address()?);
    let setup = setup(options, &address);
    let connect_ns = setup.first_frame_ns.min(LONGEST_CONNECT_NS).saturating_sub(EARLIER_NS);
    let driver: Box<dyn CaptureDriver> = match address.scheme {
        Scheme::Rtsp => Box::new(RtspDriver::new(address, options.transport, connect_ns)),
        _ => Box::new(StreamDriver::open(address, connect_ns)?),
    };
    Ok((driver, setup))
}

fn setup(options: &NetworkOptions, address: &Address) -> LiveSetup {
    /// Of streams that state no rate.
    const LIKELY_RATE: Rational = Rational::new(25, 1);
    LiveSetup {
        name: format!("the stream \"{}\"", address.safe),
        info: SourceInfo {
            frame_rate: LIKELY_RATE,
            is_variable_rate: true,
            ..live::info(None, options.colour, "", address.scheme.name())
        },
        is_rate_asked: false,
        first_frame_ns: u64::from(options.open_timeout_ms) * 1_000_000,
        offline: Code::NetworkUnavailable,
        burn: 0,
        max_pixels: options.max_pixels,
    }
}

#[cfg(test)]
mod tests;
