//! Options of filters. The TypeScript types are generated from these structs.

use serde::{Deserialize, Serialize};

use super::PicturesOnly;
use crate::{
    av::{self, Description, shortened},
    base::error::{Code, Error, Result, Stage},
};

/// Longest description in bytes.
const MAX_DESCRIPTION: usize = 65536;

/// Options of a filter.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FilterOptions {
    /// Graph of FFmpeg's filters with one input and one output, such as `unsharp,hflip`; its length is in bytes of UTF-8.
    #[schemars(length(min = 1, max = MAX_DESCRIPTION))]
    pub description: String,
}

impl FilterOptions {
    /// Checks all that does not depend on the frames.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` naming the field, `FilterUnavailable` or `ResourceExhausted`.
    pub fn check(&self) -> Result<()> {
        self.read().map(drop)
    }

    pub(super) fn read(&self) -> Result<Description> {
        let length = self.description.len();
        if length > MAX_DESCRIPTION {
            let message = format!(
                "Cannot use description {:?}: it has {length} bytes, more than {MAX_DESCRIPTION}",
                shortened(&self.description)
            );
            return Err(Error::argument("description", message));
        }
        let what = self.what();
        let description = Description::parse(&self.description, &PicturesOnly)
            .map_err(|why| Error::argument("description", format!("Cannot {what}: {why}")))?;
        av::FilterGraph::check(&description).map_err(|error| {
            let error = error.explain(Code::InvalidArgument, Stage::Options, &what);
            // Where memory or libavfilter is missing, the description is not to blame.
            if error.code == Code::InvalidArgument { error.with_field("description") } else { error }
        })?;
        Ok(description)
    }

    /// The action and its quoted value.
    pub(super) fn what(&self) -> String {
        format!("use description {:?}", shortened(&self.description))
    }
}
