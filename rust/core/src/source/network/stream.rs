use super::url::{Address, Scheme};
use crate::{
    base::error::{Code, Result},
    source::{
        live::driver::{CaptureDriver, Loss, Received, Stream},
        producer::Patience,
    },
};
use std::sync::Arc;
pub(super) fn can_open(_scheme: Scheme) -> bool {
    false
}
pub(super) struct StreamDriver;
impl StreamDriver {
    pub(super) fn open(a: Arc<Address>, _m: u32, _t: u64) -> Result<Self> {
        Err(a.error(Code::NetworkUnavailable, "not yet", ""))
    }
}
impl CaptureDriver for StreamDriver {
    fn start(&mut self, _: &Patience<'_>) -> Result<Stream, Loss> {
        Err(Loss::Changed)
    }
    fn next(&mut self, _: &Patience<'_>) -> Result<Received, Loss> {
        Err(Loss::Changed)
    }
    fn close(&mut self) {}
}
