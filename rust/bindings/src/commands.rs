//! Rare calls: which method of which object answers each.

use giftgrab_core::{
    boundary::Commands,
    codec::{self, Capabilities},
    error::Result,
    pixels::planes::Rect,
    report::{SourceInfo, TargetInfo},
    source::{
        network::{self, CheckedAddress},
        screen::{self, ScreenInfo},
        v4l2::{self, ControlInfo, ControlValue, DeviceInfo, FoundDevice},
    },
};

use crate::registry::{InUse, Object, object};

/// The object to which a command goes, by its handle.
pub(crate) struct Addressee(pub(crate) u32);

impl Addressee {
    fn object(&self) -> Result<InUse> {
        object(self.0)
    }
}

impl Commands for Addressee {
    fn capabilities(&self) -> Result<Capabilities> {
        Ok(codec::capabilities())
    }

    fn list_devices(&self) -> Result<Vec<DeviceInfo>> {
        Ok(v4l2::list_devices())
    }

    fn find_device(&self, device: String) -> Result<FoundDevice> {
        v4l2::find_device(&device)
    }

    fn controls(&self) -> Result<Vec<ControlInfo>> {
        self.object()?.source()?.controls()?.list()
    }

    fn get_control(&self, name: String) -> Result<ControlValue> {
        self.object()?.source()?.controls()?.get(&name)
    }

    fn set_control(&self, name: String, value: ControlValue) -> Result<()> {
        self.object()?.source()?.controls()?.set(&name, &value).map(drop)
    }

    fn check_address(&self, url: String) -> Result<CheckedAddress> {
        network::check_address(&url)
    }

    fn list_screens(&self) -> Result<Vec<ScreenInfo>> {
        screen::list()
    }

    fn source_info(&self) -> Result<SourceInfo> {
        Ok(self.object()?.source()?.info().clone())
    }

    fn target_info(&self) -> Result<TargetInfo> {
        Ok(self.object()?.target()?.info().clone())
    }

    fn attach(&self, target: u32) -> Result<()> {
        let (from, to) = (self.object()?, object(target)?);
        match &*from {
            Object::Filter(filter) => filter.attach(to.input()?, target),
            other => other.source()?.attach(to.input()?, target),
        }
    }

    fn detach(&self, target: u32) -> Result<()> {
        match &*self.object()? {
            Object::Filter(filter) => filter.detach(target),
            other => other.source()?.detach(target),
        }
    }

    fn start(&self) -> Result<()> {
        match &*self.object()? {
            Object::Filter(_) => Ok(()),
            other => other.source()?.start(),
        }
    }

    fn crop(&self, rect: Option<Rect>) -> Result<()> {
        self.object()?.source()?.set_crop(rect)
    }
}
