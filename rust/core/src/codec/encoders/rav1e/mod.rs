//! AV1 by the rav1e crate: the encoder that needs no C codec, which a build can leave out (feature `rav1e`).

#[cfg(feature = "rav1e")]
mod encoder;
mod quantiser;

use self::quantiser::QUANTISER;
use super::{
    super::table::Codec,
    kind::{Encode, EncodeRequest, EncoderInfo, EncoderKind, QualityScale},
};
use crate::base::error::Result;

pub(super) struct Rav1e;

static INFO: EncoderInfo = EncoderInfo {
    name: "rav1e",
    codec: Codec::Av1,
    licence: "BSD-2-Clause",
    variant: None,
    is_realtime: false,
    presets: &["10", "9", "8", "7", "6", "5", "4", "3", "2", "1", "0"],
    default_presets: ["10", "6"],
    quality: Some(QualityScale::new(1.0, 255.0, QUANTISER)),
    min_width: 16,
    min_height: 16,
    options: None,
    has_even_sizes: false,
    lossless: &[],
    rates: None,
};

impl EncoderKind for Rav1e {
    fn info(&self) -> &'static EncoderInfo {
        &INFO
    }

    fn fix(&self) -> String {
        "build with the feature rav1e, or use libsvtav1, which is faster".to_owned()
    }

    #[cfg(feature = "rav1e")]
    fn open(&self, request: &EncodeRequest<'_>) -> Result<Box<dyn Encode>> {
        Ok(Box::new(encoder::Encoder::open(request)?))
    }

    #[cfg(not(feature = "rav1e"))]
    fn open(&self, _: &EncodeRequest<'_>) -> Result<Box<dyn Encode>> {
        use crate::base::error::{Code, Error, Stage};
        let message = format!("Cannot encode with {:?}: this build leaves it out", INFO.name);
        Err(Error::new(Code::CodecUnavailable, Stage::Encode, message).with_field("encoder"))
    }
}
