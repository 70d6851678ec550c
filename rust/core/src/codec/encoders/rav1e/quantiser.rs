//! The scale of constant quality.

/// The quantiser when neither quality nor bit rate is asked for: rav1e's own default.
pub(super) const QUANTISER: f64 = 100.0;
