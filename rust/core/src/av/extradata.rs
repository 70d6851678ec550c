//! Parameter sets inside packets.

use std::ptr;

use super::{AvError, Packet, StreamParameters, error::check, ffi, parameters::set_extradata};

/// A bitstream filter, owned.
struct Filter(*mut ffi::AVBSFContext);

impl Drop for Filter {
    fn drop(&mut self) {
        // SAFETY: owned, or null.
        unsafe { ffi::av_bsf_free(&raw mut self.0) };
    }
}

/// The packet of a stream, with the parameter sets in it as side data, if there are any.
///
/// # Errors
///
/// FFmpeg's, such as for a codec of which it extracts none.
fn extracted(parameters: &StreamParameters, packet: &Packet) -> Result<Packet, AvError> {
    super::init();
    let (mut input, mut output) = (packet.reference()?, Packet::new()?);
    let mut filter = Filter(ptr::null_mut());
    // SAFETY: the filter is static; its context is owned and has parameters from its allocation on; both packets are owned.
    unsafe {
        let kind = ffi::av_bsf_get_by_name(c"extract_extradata".as_ptr());
        if kind.is_null() {
            return Err(AvError::new(ffi::AVERROR_BSF_NOT_FOUND));
        }
        check(ffi::av_bsf_alloc(kind, &raw mut filter.0))?;
        check(ffi::avcodec_parameters_copy((*filter.0).par_in, parameters.as_ptr()))?;
        (*filter.0).time_base_in = ffi::AVRational { num: 1, den: 1 };
        check(ffi::av_bsf_init(filter.0))?;
        check(ffi::av_bsf_send_packet(filter.0, input.as_mut_ptr()))?;
        check(ffi::av_bsf_receive_packet(filter.0, output.as_mut_ptr()))?;
    }
    Ok(output)
}

/// The parameter sets that [`extracted`] found in a packet; empty if there were none.
fn of(packet: &Packet) -> &[u8] {
    let mut size = 0;
    // SAFETY: owned by the packet, which is not written while they are borrowed; pointer and size are kept together.
    unsafe {
        let kind = ffi::AVPacketSideDataType::NEW_EXTRADATA;
        let data = ffi::av_packet_get_side_data(packet.as_ptr(), kind, &raw mut size);
        if data.is_null() { &[] } else { std::slice::from_raw_parts(data, size) }
    }
}

impl StreamParameters {
    /// The same with the parameter sets that stand in front of a key packet; `None` if there are none there.
    ///
    /// # Errors
    ///
    /// FFmpeg's, such as for a codec of which it extracts none.
    pub fn with_sets_of(&self, packet: &Packet) -> Result<Option<Self>, AvError> {
        let packet = extracted(self, packet)?;
        let sets = of(&packet);
        if sets.is_empty() {
            return Ok(None);
        }
        let mut copied = Ok(());
        let changed = self.changed(|raw| copied = set_extradata(raw, sets))?;
        copied.map(|()| Some(changed))
    }
}
