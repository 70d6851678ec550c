//! Capture devices on a kernel that follows a script.

mod controls;
mod devices;
mod kernel;
mod modes;
mod pictures;
mod streams;

use std::sync::Arc;

use self::kernel::{TestNode, TestSizes, TestSystem, entry};
use super::{Opened, fourcc::FourCc, open_on, options::DeviceOptions, system::System};
use crate::{
    base::{error::Error, time::Rational},
    pixels::ColourSpace,
};

const YUYV: FourCc = FourCc::new(*b"YUYV");
const MJPG: FourCc = FourCc::new(*b"MJPG");
const H264: FourCc = FourCc::new(*b"H264");

/// A webcam as most are: raw frames only slowly where they are large.
fn webcam() -> Arc<TestNode> {
    TestNode::new(vec![
        (
            YUYV,
            TestSizes::Discrete(vec![
                (640, 480, vec![(1, 30), (1, 15)]),
                (1280, 720, vec![(1, 10), (1, 5)]),
                (1920, 1080, vec![(1, 5)]),
            ]),
        ),
        (
            MJPG,
            TestSizes::Discrete(vec![
                (640, 480, vec![(1, 60), (1, 30)]),
                (1280, 720, vec![(1, 60), (333_333, 10_000_000)]),
                (1920, 1080, vec![(1001, 30_000), (1, 24)]),
                (3840, 2160, vec![(1, 30)]),
            ]),
        ),
    ])
}

fn system(node: &Arc<TestNode>) -> Arc<dyn System> {
    TestSystem::of(vec![(entry(0), Ok(node.clone()))])
}

/// Options for the one device; each test has a bus of its own, because a process uses each device once.
fn options(node: &Arc<TestNode>, bus: &str) -> DeviceOptions {
    node.change(|state| state.capability.bus_info = kernel::bytes(bus));
    DeviceOptions::new("/dev/video0", ColourSpace::I420)
}

fn refused(opened: Result<Opened, Error>) -> Error {
    opened.err().expect("a refusal")
}

fn open_one(node: &Arc<TestNode>, options: &DeviceOptions) -> Result<Opened, Error> {
    open_on(&system(node), options)
}
