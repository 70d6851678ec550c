//! What is captured of an X server, while it stays as it is: its pixels, its changes and the cursor.

use std::io;

use rustix::io::fcntl_dupfd_cloexec;
use x11rb::{
    connection::Connection as _,
    errors::ReplyError,
    protocol::{
        Event,
        composite::{ConnectionExt as _, Redirect},
        damage::{ConnectionExt as _, Damage, ReportLevel},
        randr::{ConnectionExt as _, NotifyMask},
        shm::{ConnectionExt as _, Seg},
        xfixes::{ConnectionExt as _, CursorNotifyMask},
        xproto::{ChangeWindowAttributesAux, ConnectionExt as _, EventMask, ImageFormat, Pixmap, Window},
    },
};

use super::{
    aim::{self, Aim, Miss},
    connect::{Connected, Connection, DisplayName, Failure},
    cursor::CursorImage,
    extensions::Extensions,
    find,
    link::Waited,
    options::ScreenOptions,
};
use crate::{
    base::error::Result,
    sys::{SharedMemory, waker::Waker},
};

/// What the events of a server mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum News {
    Nothing,
    /// It must be looked at again: its size, its place or whether it is shown.
    Reshaped,
    /// The window was closed.
    Closed,
}

/// The cursor where it is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// The pointer in what is captured; it may be outside.
    pub(super) place: (i32, i32),
    /// The number of the cursor's picture.
    pub(super) number: u64,
}

/// The pixels of one instant, free to be drawn on.
pub(super) struct Grabbed<'a> {
    pub(super) pixels: &'a mut [u8],
    pub(super) aim: &'a Aim,
    pub(super) cursor: Option<&'a CursorImage>,
}

/// A connection to a server, and what is captured there.
pub(super) struct Session {
    connected: Connected,
    has: Extensions,
    /// The window that was chosen, as long as this connection lasts.
    window: Option<Window>,
    is_window_closed: bool,
    /// By which a window that is named by its number is known again on another connection.
    pub(super) mark: Option<Vec<u8>>,
    aim: Option<Aim>,
    pixmap: Option<Pixmap>,
    damage: Option<Damage>,
    segment: Option<(Seg, SharedMemory)>,
    /// The pixels where there is no shared memory.
    answer: Vec<u8>,
    /// Something was drawn since the last look.
    pub(super) is_damaged: bool,
    cursor: Option<CursorImage>,
    is_cursor_changed: bool,
    /// How often the cursor was asked for.
    cursors: u64,
}

impl Session {
    /// Connects to a display.
    pub(super) fn open(
        name: &DisplayName,
        waker: &std::sync::Arc<Waker>,
        deadline_ns: u64,
    ) -> Result<Result<Self, Failure>> {
        Ok(match super::connect::open(name, waker, deadline_ns)? {
            Ok(connected) => Self::of(connected),
            Err(failure) => Err(failure),
        })
    }

    fn of(connected: Connected) -> Result<Self, Failure> {
        let has = Extensions::of(&connected)?;
        if let Some(screen) = connected.screen() {
            let root = screen.root;
            let structure = ChangeWindowAttributesAux::new().event_mask(EventMask::STRUCTURE_NOTIFY);
            connected.connection.change_window_attributes(root, &structure)?.check()?;
            if has.randr {
                let mask = NotifyMask::SCREEN_CHANGE | NotifyMask::CRTC_CHANGE | NotifyMask::OUTPUT_CHANGE;
                connected.connection.randr_select_input(root, mask)?.check()?;
            }
        }
        Ok(Self {
            connected,
            has,
            window: None,
            is_window_closed: false,
            mark: None,
            aim: None,
            pixmap: None,
            damage: None,
            segment: None,
            answer: Vec::new(),
            is_damaged: true,
            cursor: None,
            is_cursor_changed: true,
            cursors: 0,
        })
    }

    fn connection(&self) -> &Connection {
        &self.connected.connection
    }

    /// The time for every answer of the server from now on.
    pub(super) fn set_deadline(&self, deadline_ns: u64) {
        self.connection().stream().set_deadline(deadline_ns);
    }

    /// Waits until the server has sent something.
    pub(super) fn wait(&self, deadline_ns: u64) -> Result<Waited, Failure> {
        self.connection().flush()?;
        self.connection().stream().wait(deadline_ns).map_err(Failure::Broken)
    }

    /// Looks at what the server has sent.
    pub(super) fn take_events(&mut self) -> Result<News, Failure> {
        let mut news = if self.is_window_closed { News::Closed } else { News::Nothing };
        while let Some(event) = self.connection().poll_for_event()? {
            news = news.max(self.take(&event));
        }
        Ok(news)
    }

    fn take(&mut self, event: &Event) -> News {
        match event {
            Event::DamageNotify(event) if Some(event.damage) == self.damage => self.is_damaged = true,
            Event::XfixesCursorNotify(_) => self.is_cursor_changed = true,
            Event::DestroyNotify(event) if Some(event.window) == self.window => {
                self.is_window_closed = true;
                return News::Closed;
            }
            Event::ConfigureNotify(event) => {
                let size =
                    self.aim.as_ref().filter(|aim| aim.window == event.window && !aim.is_root).map(|aim| aim.size);
                let is_other_root = self.aim.as_ref().is_some_and(|aim| aim.is_root && aim.window == event.window);
                if is_other_root || size.is_some_and(|size| size != (event.width, event.height)) {
                    return News::Reshaped;
                }
            }
            Event::RandrNotify(_) | Event::RandrScreenChangeNotify(_) if self.window.is_none() => {
                return News::Reshaped;
            }
            Event::UnmapNotify(_) | Event::MapNotify(_) | Event::ReparentNotify(_) if self.window.is_some() => {
                return News::Reshaped;
            }
            _ => {}
        }
        News::Nothing
    }

    /// Chooses what is captured, and prepares that. Returns its size.
    pub(super) fn aim(&mut self, options: &ScreenOptions, was_captured: bool) -> Result<Aim, Miss> {
        self.stop()?;
        let aim = match &options.window {
            None => aim::at_screen(&self.connected, options, was_captured)?,
            Some(wanted) => self.aim_at_window(wanted, &options.name())?,
        };
        self.aim = Some(aim.clone());
        Ok(aim)
    }

    /// Everything that the server is to do for what was chosen.
    pub(super) fn prepare(&mut self, options: &ScreenOptions) -> Result<(), Miss> {
        let Some(aim) = self.aim.clone() else { return Ok(()) };
        if !aim.is_root {
            self.name_pixmap(&aim, &options.name())?;
        }
        let bytes = aim.layout.stride(aim.size.0.into()) * usize::from(aim.size.1);
        self.share(bytes)?;
        if self.has.damage {
            let damage = self.connection().generate_id()?;
            self.connection().damage_create(damage, aim.window, ReportLevel::NON_EMPTY)?.check()?;
            self.damage = Some(damage);
        }
        if options.cursor && self.has.xfixes {
            let root = self.root();
            self.connection().xfixes_select_cursor_input(root, CursorNotifyMask::DISPLAY_CURSOR)?.check()?;
        }
        (self.is_damaged, self.is_cursor_changed) = (true, true);
        // What happened to the window before the last answer is known now.
        if self.take_events()? == News::Closed { Err(Miss::Gone(aim::closed(&options.name()))) } else { Ok(()) }
    }

    fn root(&self) -> Window {
        self.connected.screen().map_or(x11rb::NONE, |screen| screen.root)
    }

    fn aim_at_window(&mut self, wanted: &str, name: &str) -> Result<Aim, Miss> {
        let window = match self.window {
            Some(window) => window,
            None => aim::find_window(&self.connected, wanted)?,
        };
        let structure = ChangeWindowAttributesAux::new().event_mask(EventMask::STRUCTURE_NOTIFY);
        let selected = self.connection().change_window_attributes(window, &structure)?.check();
        match selected {
            Ok(()) => self.window = Some(window),
            Err(ReplyError::X11Error(_)) => return Err(Miss::Gone(aim::closed(name))),
            Err(error) => return Err(error.into()),
        }
        let mark = find::mark(self.connection(), window)?;
        if self.mark.get_or_insert_with(|| mark.clone()) != &mark {
            // Another window has got the number of the one that was captured.
            return Err(Miss::Gone(aim::closed(name)));
        }
        // A window manager may hide the frame around a window instead of the window.
        for parent in find::ancestors(self.connection(), window)? {
            self.connection().change_window_attributes(parent, &structure)?.ignore_error();
        }
        if self.take_events()? == News::Closed {
            return Err(Miss::Gone(aim::closed(name)));
        }
        if !self.has.composite {
            let message = format!(
                "Cannot capture {name}: its X server has no Composite extension, which keeps the pixels of a window; capture a \
                 `region`"
            );
            return Err(Miss::Refused(super::connect::unavailable(message)));
        }
        aim::at_window(&self.connected, window, name)
    }

    /// Has the server keep the pixels of a window, whatever covers it, and gives them a name.
    fn name_pixmap(&mut self, aim: &Aim, name: &str) -> Result<(), Miss> {
        let connection = self.connection();
        let pixmap = connection.generate_id()?;
        // The second time it is kept already.
        connection.composite_redirect_window(aim.window, Redirect::AUTOMATIC)?.ignore_error();
        // Refused if it was hidden or closed in the meantime: the next look shows which.
        connection.composite_name_window_pixmap(aim.window, pixmap)?.check()?;
        self.pixmap = Some(pixmap);
        let kept = self.connection().get_geometry(pixmap)?.reply()?;
        let border = aim.place.0.unsigned_abs() * 2;
        if (kept.width, kept.height) != (aim.size.0.saturating_add(border), aim.size.1.saturating_add(border)) {
            return Err(Failure::Refused(format!("{name} changes its size")).into());
        }
        Ok(())
    }

    /// Memory for so many bytes that the server writes; what there is stays if it is enough.
    fn share(&mut self, bytes: usize) -> Result<(), Failure> {
        if self.segment.as_ref().is_some_and(|(_, memory)| memory.length() >= bytes) || !self.has.shm {
            return Ok(());
        }
        if let Some((segment, _)) = &self.segment {
            // Its memory is let go of by the server first.
            self.connection().shm_detach(*segment)?.check()?;
            self.segment = None;
        }
        let memory = SharedMemory::new(bytes).map_err(Failure::Broken)?;
        let descriptor = fcntl_dupfd_cloexec(&memory, 0)?;
        let segment = self.connection().generate_id()?;
        let attached = self.connection().shm_attach_fd(segment, descriptor, false)?.check();
        match attached {
            Ok(()) => self.segment = Some((segment, memory)),
            // A proxy passes no descriptors, a server in a container may not map them.
            Err(ReplyError::X11Error(_)) => self.has.shm = false,
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Has the server send nothing and keep nothing but the window's number and the memory.
    pub(super) fn stop(&mut self) -> Result<(), Failure> {
        let (damage, pixmap) = (self.damage.take(), self.pixmap.take());
        let connection = self.connection();
        if let Some(damage) = damage {
            // It went with its window.
            connection.damage_destroy(damage)?.ignore_error();
        }
        if let Some(pixmap) = pixmap {
            connection.free_pixmap(pixmap)?.ignore_error();
        }
        if self.has.xfixes {
            connection.xfixes_select_cursor_input(self.root(), CursorNotifyMask::from(0_u8))?.ignore_error();
        }
        connection.flush()?;
        self.aim = None;
        Ok(())
    }

    /// The pixels as they are now.
    pub(super) fn grab(&mut self) -> Result<Grabbed<'_>, Failure> {
        let none = || Failure::Broken(io::ErrorKind::NotConnected.into());
        let Some(aim) = &self.aim else { return Err(none()) };
        let connection = &self.connected.connection;
        if let Some(damage) = self.damage {
            // Before the look: what is drawn after it is told again.
            connection.damage_subtract(damage, x11rb::NONE, x11rb::NONE)?.ignore_error();
        }
        let drawable = self.pixmap.unwrap_or(aim.window);
        let ((x, y), (width, height)) = (aim.place, aim.size);
        let needed = aim.layout.stride(width.into()) * usize::from(height);
        let pixels = if let Some((segment, memory)) = &mut self.segment {
            let format = ImageFormat::Z_PIXMAP.into();
            connection.shm_get_image(drawable, x, y, width, height, !0, format, *segment, 0)?.reply()?;
            memory.bytes()
        } else {
            let image = connection.get_image(ImageFormat::Z_PIXMAP, drawable, x, y, width, height, !0)?;
            self.answer = image.reply()?.data;
            &mut self.answer
        };
        self.is_damaged = self.damage.is_none();
        let pixels = pixels.get_mut(..needed).ok_or_else(none)?;
        Ok(Grabbed { pixels, aim, cursor: self.cursor.as_ref() })
    }

    /// The cursor and the place of the pointer in what is captured, if it is seen there.
    pub(super) fn cursor(&mut self) -> Result<Option<Seen>, Failure> {
        let Some(aim) = self.aim.as_ref().filter(|_| self.has.xfixes) else { return Ok(None) };
        let connection = &self.connected.connection;
        let root = self.root();
        let pointer = connection.query_pointer(root)?;
        let origin = if aim.is_root { None } else { Some(connection.translate_coordinates(aim.window, root, 0, 0)?) };
        let image = if self.is_cursor_changed { Some(connection.xfixes_get_cursor_image()?) } else { None };
        let pointer = pointer.reply()?;
        let origin = match origin {
            Some(origin) => origin.reply().map(|origin| (origin.dst_x, origin.dst_y))?,
            None => aim.place,
        };
        if let Some(image) = image {
            // A server may have none to show.
            self.cursor = match image.reply() {
                Ok(image) => CursorImage::of(image),
                Err(ReplyError::X11Error(_)) => None,
                Err(error) => return Err(error.into()),
            };
            self.is_cursor_changed = false;
            self.cursors += 1;
        }
        let place = (i32::from(pointer.root_x) - i32::from(origin.0), i32::from(pointer.root_y) - i32::from(origin.1));
        let size = (u32::from(aim.size.0), u32::from(aim.size.1));
        let image = self.cursor.as_ref().filter(|image| pointer.same_screen && image.is_seen(place, size));
        Ok(image.map(|_| Seen { place, number: self.cursors }))
    }

    /// Whether what is captured is still where it was.
    pub(super) fn is_unmoved(&self, options: &ScreenOptions) -> Result<bool, Failure> {
        let Some(aim) = self.aim.as_ref().filter(|aim| aim.is_root) else { return Ok(false) };
        match aim::at_screen(&self.connected, options, true) {
            Ok(now) => Ok(now == *aim),
            Err(Miss::Failure(failure)) => Err(failure),
            Err(_) => Ok(false),
        }
    }
}
