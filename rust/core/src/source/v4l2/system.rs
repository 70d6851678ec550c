//! What the system knows of capture devices: their nodes, and who uses them.

use std::{
    fs,
    os::unix::fs::{FileTypeExt, MetadataExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::Serialize;

use super::node::{Answer, KernelNode, Node};
use crate::sys::v4l2::device_number;

/// The number of all devices of Video4Linux2 (VIDEO_MAJOR).
const MAJOR: u32 = 81;

/// Most nodes and most processes that are looked at.
const MOST_NODES: usize = 256;
const MOST_PROCESSES: usize = 8192;

/// Folders above that of a node in which the one of its USB device can be.
const MOST_LEVELS: usize = 8;

/// A node of a device.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Entry {
    pub(super) path: PathBuf,
    /// Its number, which is its own as long as it is there.
    pub(super) number: (u32, u32),
    /// Its place among the nodes of its device.
    pub(super) index: u32,
    pub(super) usb: Option<Usb>,
}

/// The USB device of a node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Usb {
    pub(super) vendor: String,
    pub(super) product: String,
    pub(super) serial: Option<String>,
    /// In megabits per second.
    pub(super) speed: Option<u32>,
}

/// A process that has a device open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[schemars(rename = "DeviceUser")]
pub struct Holder {
    /// Its number.
    pub pid: u32,
    /// Its name.
    pub name: String,
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AtPath {
    Node(Entry),
    Nothing,
    /// Something else, in words.
    Other(&'static str),
}

/// The system, as a trait, so that another one can stand in for tests.
pub(super) trait System: Send + Sync {
    /// The nodes of capture devices and of others like them.
    fn entries(&self) -> Vec<Entry>;
    /// What is at a path, wherever its links lead.
    fn at(&self, path: &Path) -> AtPath;
    fn open(&self, path: &Path) -> Answer<Arc<dyn Node>>;
    /// The processes that have a node open, as far as they can be seen.
    fn holders(&self, path: &Path) -> Vec<Holder>;
    /// The group whose members may open a node, if there is one.
    fn group(&self, path: &Path) -> Option<String>;
}

/// The system that this runs on.
pub(super) struct Linux;

impl System for Linux {
    fn entries(&self) -> Vec<Entry> {
        let names = |folder: &str| {
            let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
            names.filter_map(|name| name.into_string().ok()).filter(|name| name.starts_with("video")).take(MOST_NODES)
        };
        // Where there is no sysfs, as in some containers, there are still nodes.
        let mut names: Vec<_> = names("/sys/class/video4linux").chain(names("/dev")).collect();
        let number = |name: &str| name.trim_start_matches("video").parse::<u32>().unwrap_or(u32::MAX);
        names.sort_by(|one, other| (number(one), one).cmp(&(number(other), other)));
        names.dedup();
        names.iter().filter_map(|name| entry(&Path::new("/dev").join(name))).collect()
    }

    fn at(&self, path: &Path) -> AtPath {
        let Ok(real) = fs::canonicalize(path) else { return AtPath::Nothing };
        let Ok(metadata) = fs::metadata(&real) else { return AtPath::Nothing };
        let kind = metadata.file_type();
        if let Some(entry) = entry(&real) {
            return AtPath::Node(entry);
        }
        AtPath::Other(match () {
            () if kind.is_dir() => "a folder",
            () if kind.is_file() => "a file",
            () if kind.is_char_device() || kind.is_block_device() => "a device of another kind",
            () => "no device",
        })
    }

    fn open(&self, path: &Path) -> Answer<Arc<dyn Node>> {
        Ok(Arc::new(KernelNode::open(path)?))
    }

    fn holders(&self, path: &Path) -> Vec<Holder> {
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten().take(MOST_PROCESSES);
        let holder = |folder: PathBuf| {
            let pid = folder.file_name()?.to_str()?.parse().ok()?;
            let mut open = fs::read_dir(folder.join("fd")).ok()?.flatten();
            open.find(|entry| fs::read_link(entry.path()).is_ok_and(|target| target == path))?;
            let name = fs::read_to_string(folder.join("comm")).unwrap_or_default();
            Some(Holder { pid, name: name.trim().to_owned() })
        };
        processes.filter_map(|entry| holder(entry.path())).collect()
    }

    fn group(&self, path: &Path) -> Option<String> {
        /// In the mode: the group may read and write.
        const GROUP: u32 = 0o060;
        let metadata = fs::metadata(path).ok()?;
        // Nobody should join the group of the system's administrator for a camera.
        let group = Some(metadata.gid()).filter(|group| *group != 0 && metadata.mode() & GROUP == GROUP)?;
        let groups = fs::read_to_string("/etc/group").ok()?;
        groups.lines().find_map(|line| {
            let mut parts = line.split(':');
            let name = parts.next()?;
            (parts.nth(1)?.parse::<u32>().ok()? == group).then(|| name.to_owned())
        })
    }
}

/// The node at a path; `None` if something else is there, or nothing.
fn entry(path: &Path) -> Option<Entry> {
    let metadata = fs::metadata(path).ok()?;
    let number = device_number(metadata.rdev());
    if !metadata.file_type().is_char_device() || number.0 != MAJOR {
        return None;
    }
    let described = PathBuf::from(format!("/sys/dev/char/{}:{}", number.0, number.1));
    let index = read(&described, "index").and_then(|index| index.parse().ok()).unwrap_or(0);
    Some(Entry { path: path.to_owned(), number, index, usb: usb(&described.join("device")) })
}

fn read(folder: &Path, name: &str) -> Option<String> {
    let text = fs::read_to_string(folder.join(name)).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The USB device of an interface of it.
fn usb(interface: &Path) -> Option<Usb> {
    let folder = fs::canonicalize(interface).ok()?;
    let device = folder.ancestors().take(MOST_LEVELS).find(|folder| folder.join("idVendor").exists())?;
    Some(Usb {
        vendor: read(device, "idVendor")?,
        product: read(device, "idProduct")?,
        serial: read(device, "serial"),
        speed: read(device, "speed").and_then(|speed| speed.parse::<f64>().ok()).map(|speed| speed as u32),
    })
}
