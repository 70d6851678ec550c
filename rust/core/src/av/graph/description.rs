//! The language of filter graphs, read as FFmpeg's own parser reads it.
//!
//! It is read here because FFmpeg's parser starts each filter as it reads its name, and a filter such as `movie` opens
//! its file when it starts: a graph can only be judged before FFmpeg sees it.

const SPACE: [char; 4] = [' ', '\n', '\t', '\r'];

/// Decides which filters a graph may have.
pub trait FilterPolicy: Sync {
    /// Refuses a filter that must not be used.
    ///
    /// # Errors
    ///
    /// Why it is refused, as the end of a sentence.
    fn check_filter(&self, name: &str) -> Result<(), String>;

    /// Whether an option of a filter that may be used names a file.
    fn names_a_file(&self, filter: &str, option: &str) -> bool;

    /// Why a filter that the linked FFmpeg lacks cannot be used, as the end of a sentence.
    fn lacking(&self, name: &str) -> String;
}

/// A graph of filters, each allowed by a policy.
#[derive(Clone)]
pub struct Description {
    pub(super) stages: Vec<Stage>,
    pub(super) policy: &'static dyn FilterPolicy,
}

/// One filter of a graph.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Stage {
    /// Labels of its inputs, in the order of the filter.
    pub(super) inputs: Vec<String>,
    /// FFmpeg's name of the filter.
    pub(super) filter: String,
    pub(super) settings: Vec<Setting>,
    /// Labels of its outputs, in the order of the filter.
    pub(super) outputs: Vec<String>,
    /// Whether an output without a label goes to no filter that is named next.
    pub(super) ends_chain: bool,
}

/// An option's value; without a name it is for the next of the filter's options in their own order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) name: Option<String>,
    pub(super) value: String,
}

impl Description {
    /// Reads a description; refuses a filter that the policy refuses.
    ///
    /// # Errors
    ///
    /// Why it cannot be used, as the end of a sentence.
    pub fn parse(text: &str, policy: &'static dyn FilterPolicy) -> Result<Self, String> {
        if text.contains('\0') {
            return Err("it contains a NUL character".to_owned());
        }
        let mut reader = Reader { rest: text };
        reader.skip_space();
        if reader.rest.is_empty() {
            return Err("it is empty; name a filter, such as \"hflip\"".to_owned());
        }
        let mut stages = Vec::new();
        loop {
            let mut stage = reader.stage()?;
            policy.check_filter(&stage.filter)?;
            let rest = reader.rest;
            let separator = reader.next();
            stage.ends_chain = separator == Some(';');
            stages.push(stage);
            match separator {
                Some(',' | ';') => {}
                None => return Ok(Self { stages, policy }),
                Some(_) => return Err(format!("it cannot be understood from {:?} on", shortened(rest))),
            }
        }
    }
}

impl std::fmt::Debug for Description {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Description").field(&self.stages).finish()
    }
}

/// The beginning of a text that may be long.
pub(crate) fn shortened(text: &str) -> String {
    const MOST: usize = 120;
    if text.chars().count() <= MOST { text.to_owned() } else { text.chars().take(MOST).chain(['…']).collect() }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.rest = &self.rest[next.len_utf8()..];
        Some(next)
    }

    fn take(&mut self, wanted: char) -> bool {
        let is_there = self.peek() == Some(wanted);
        if is_there {
            self.next();
        }
        is_there
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches(SPACE);
    }

    fn stage(&mut self) -> Result<Stage, String> {
        let inputs = self.labels()?;
        let before = self.rest;
        let name = self.token("=,;[");
        // The text behind `@` names the instance, which nothing here refers to.
        let filter = name.split('@').next().unwrap_or_default().to_owned();
        if filter.is_empty() {
            let place = if before.is_empty() { "at its end".to_owned() } else { format!("before {before:?}") };
            return Err(format!("the name of a filter is missing {}", shortened(&place)));
        }
        let settings = if self.take('=') { settings(&self.token("[],;"))? } else { Vec::new() };
        Ok(Stage { inputs, filter, settings, outputs: self.labels()?, ends_chain: false })
    }

    fn labels(&mut self) -> Result<Vec<String>, String> {
        let mut labels = Vec::new();
        self.skip_space();
        while self.take('[') {
            let label = self.token("]");
            if !self.take(']') {
                return Err(format!("the label {:?} is not closed by ]", shortened(&label)));
            }
            if label.is_empty() {
                return Err("a label is empty".to_owned());
            }
            labels.push(label);
            self.skip_space();
        }
        Ok(labels)
    }

    /// The text up to one of `ends`, without quotes, escapes and the space around it (`av_get_token`).
    fn token(&mut self, ends: &str) -> String {
        self.skip_space();
        let mut text = String::new();
        // Space that is quoted or escaped is kept at the end.
        let mut kept = 0;
        while self.peek().is_some_and(|next| !ends.contains(next)) {
            match self.next() {
                Some('\\') if !self.rest.is_empty() => {
                    text.extend(self.next());
                    kept = text.len();
                }
                Some('\'') => {
                    while let Some(quoted) = self.next() {
                        if quoted == '\'' {
                            kept = text.len();
                            break;
                        }
                        text.push(quoted);
                    }
                }
                plain => text.extend(plain),
            }
        }
        let end = text.trim_end_matches(SPACE).len().max(kept);
        text.truncate(end);
        text
    }

    /// The name before `=`, if one is there (`av_opt_get_key_value`).
    fn key(&mut self) -> Option<String> {
        let is_key = |c: char| c.is_ascii_alphanumeric() || "-_/.".contains(c);
        let start = self.rest.trim_start_matches(SPACE);
        let after = start.trim_start_matches(is_key);
        let rest = after.trim_start_matches(SPACE).strip_prefix('=')?;
        self.rest = rest;
        Some(start[..start.len() - after.len()].to_owned())
    }
}

fn settings(arguments: &str) -> Result<Vec<Setting>, String> {
    let mut reader = Reader { rest: arguments };
    let mut settings: Vec<Setting> = Vec::new();
    while !reader.rest.is_empty() {
        let before = reader.rest;
        let name = reader.key();
        if name.is_none() && settings.last().is_some_and(|last| last.name.is_some()) {
            return Err(format!("{:?} stands behind a named option and has no name", shortened(before)));
        }
        settings.push(Setting { name, value: reader.token(":") });
        reader.take(':');
    }
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct AnyFilter;

    impl FilterPolicy for AnyFilter {
        fn check_filter(&self, _: &str) -> Result<(), String> {
            Ok(())
        }

        fn names_a_file(&self, _: &str, _: &str) -> bool {
            false
        }

        fn lacking(&self, name: &str) -> String {
            format!("there is no filter {name:?}")
        }
    }

    fn stages(text: &str) -> Vec<Stage> {
        Description::parse(text, &AnyFilter).unwrap().stages
    }

    fn setting(name: Option<&str>, value: &str) -> Setting {
        Setting { name: name.map(str::to_owned), value: value.to_owned() }
    }

    #[test]
    fn options_come_by_name_and_by_place() {
        let stages = stages(" scale=320:-1:flags=neighbor , hflip@mine\n;crop = w=10 : h = '2 0' ");
        assert_eq!(stages.iter().map(|stage| stage.filter.as_str()).collect::<Vec<_>>(), ["scale", "hflip", "crop"]);
        let scale = [setting(None, "320"), setting(None, "-1"), setting(Some("flags"), "neighbor")];
        assert_eq!(stages[0].settings, scale);
        assert_eq!(stages[2].settings, [setting(Some("w"), "10"), setting(Some("h"), "2 0")]);
        assert_eq!(stages.iter().map(|stage| stage.ends_chain).collect::<Vec<_>>(), [false, true, false]);
    }

    #[test]
    fn quotes_and_escapes_are_undone_twice_as_in_ffmpeg() {
        let stages = stages(r"geq=lum='if(gt(X\,10),255,p(X,Y))':cb=128\\:0");
        let settings = [setting(Some("lum"), r"if(gt(X,10),255,p(X,Y))"), setting(Some("cb"), "128:0")];
        assert_eq!(stages[0].settings, settings);
    }

    #[test]
    fn labels_are_read_on_both_sides() {
        let stages = stages("[in] split [a][ b ];[a]vflip[c];[c][b]hstack[out]");
        assert_eq!(
            (stages[0].inputs.clone(), stages[0].outputs.clone()),
            (vec!["in".into()], vec!["a".into(), "b".into()])
        );
        assert_eq!(stages[2].inputs, ["c", "b"]);
    }

    #[test]
    fn a_text_that_cannot_be_read_is_reported() {
        for (text, why) in [
            ("", "empty"),
            (" \n", "empty"),
            ("hflip,", "missing at its end"),
            ("=3", "missing before"),
            ("[in hflip", "not closed"),
            ("[]hflip", "label is empty"),
            ("hflip=1]", "from \"]\" on"),
            ("eq=contrast=1:2", "has no name"),
            ("hflip\0", "NUL"),
        ] {
            let error = Description::parse(text, &AnyFilter).unwrap_err();
            assert!(error.contains(why), "{text:?}: {error}");
        }
    }
}
