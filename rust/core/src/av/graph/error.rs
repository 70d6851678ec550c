//! Why a graph cannot be used.

use super::super::AvError;
use crate::base::error::{Code, Error, Stage};

/// Why a graph cannot be built.
#[derive(Debug, Clone)]
pub struct GraphError {
    why: String,
    code: Option<Code>,
    line: String,
}

impl GraphError {
    pub(super) fn new(why: String) -> Self {
        Self { why, code: None, line: String::new() }
    }

    pub(super) fn with_code(self, code: Code) -> Self {
        Self { code: Some(code), ..self }
    }

    /// libavfilter cannot be used; `line` is the system's message.
    pub(super) fn unavailable(why: String, line: String) -> Self {
        Self { why, code: Some(Code::FilterUnavailable), line }
    }

    pub(super) fn of(why: &str, error: &AvError) -> Self {
        let is_memory = error.os_error().is_some_and(|error| error.kind() == std::io::ErrorKind::OutOfMemory);
        let code = is_memory.then_some(Code::ResourceExhausted);
        Self { why: format!("{why}: {error}"), code, line: error.log_line().to_owned() }
    }

    /// This library's error: `what` is the action with its quoted value.
    #[must_use]
    pub fn explain(&self, code: Code, stage: Stage, what: &str) -> Error {
        Error::new(self.code.unwrap_or(code), stage, format!("Cannot {what}: {}", self.why)).with_cause(&*self.line)
    }
}
