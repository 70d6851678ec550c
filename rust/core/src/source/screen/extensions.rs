//! What an X server can do beyond the core of its protocol.

use x11rb::{
    connection::RequestConnection as _,
    protocol::{
        composite::{self, ConnectionExt as _},
        damage::{self, ConnectionExt as _},
        randr::{self, ConnectionExt as _},
        shm::{self, ConnectionExt as _},
        xfixes::{self, ConnectionExt as _},
    },
};

use super::connect::{Connected, Failure};

/// The extensions of a server, in versions that are enough.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extensions {
    pub(super) randr: bool,
    pub(super) xfixes: bool,
    pub(super) damage: bool,
    pub(super) composite: bool,
    /// Memory can be shared by its descriptor.
    pub(super) shm: bool,
}

impl Extensions {
    /// Asks the server.
    pub(super) fn of(connected: &Connected) -> Result<Self, Failure> {
        let connection = &connected.connection;
        let has = |name| Ok::<bool, Failure>(connection.extension_information(name)?.is_some());
        for name in [randr::X11_EXTENSION_NAME, xfixes::X11_EXTENSION_NAME, damage::X11_EXTENSION_NAME] {
            connection.prefetch_extension_information(name)?;
        }
        let randr = has(randr::X11_EXTENSION_NAME)? && connection.randr_query_version(1, 5)?.reply().is_ok();
        let xfixes =
            has(xfixes::X11_EXTENSION_NAME)? && connection.xfixes_query_version(5, 0)?.reply()?.major_version >= 2;
        let damage =
            xfixes && has(damage::X11_EXTENSION_NAME)? && connection.damage_query_version(1, 1)?.reply().is_ok();
        let composite = has(composite::X11_EXTENSION_NAME)? && {
            let version = connection.composite_query_version(0, 4)?.reply()?;
            (version.major_version, version.minor_version) >= (0, 2)
        };
        let shm = connected.is_local && has(shm::X11_EXTENSION_NAME)? && {
            let version = connection.shm_query_version()?.reply()?;
            (version.major_version, version.minor_version) >= (1, 2)
        };
        Ok(Self { randr, xfixes, damage, composite, shm })
    }
}
