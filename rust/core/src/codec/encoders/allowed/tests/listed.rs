//! The lists themselves, and the document that repeats them.

use std::collections::BTreeSet;

use super::{
    super::{super::ENCODERS, COMMON, SWITCHES},
    lists, names,
};

#[test]
fn the_lists_are_sorted_and_without_doubles() {
    let is_sorted = |text: &'static str| names(text).is_sorted_by(|one, next| one < next);
    assert!(is_sorted(COMMON) && SWITCHES.is_sorted_by(|one, next| one < next));
    for allowed in ENCODERS.iter().filter_map(|kind| kind.info().options) {
        assert!(is_sorted(allowed.names), "{}", allowed.names);
        assert!(
            names(allowed.names)
                .all(|name| !names(COMMON).any(|common| common == name && name != "level" && name != "profile"))
        );
    }
    for (_, list) in lists() {
        assert!(is_sorted(list.parameters.names), "{}", list.option);
        // A name that begins with a prefix would be taken for another one.
        let is_prefixed = |name: &str| list.parameters.spelling.names(name).count() > 1;
        assert!(!names(list.parameters.names).any(is_prefixed), "{}", list.option);
    }
}

#[test]
fn the_document_has_every_name() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/encoder-options.md");
    let text = std::fs::read_to_string(path).unwrap();
    let section = |title: &str| {
        let (_, rest) = text.split_once(&format!("\n## {title}\n")).unwrap_or_else(|| panic!("no section {title}"));
        let rest = rest.split_once("\n## ").map_or(rest, |(section, _)| section);
        rest.split("\n- ").skip(1).map(in_backticks).collect::<Vec<_>>()
    };
    let set = |names: &'static str| names.split_ascii_whitespace().collect::<BTreeSet<_>>();
    assert_eq!(section("Every encoder"), [set(COMMON), SWITCHES.iter().copied().collect()]);
    for kind in ENCODERS {
        let Some(allowed) = kind.info().options else { continue };
        let mut wanted = vec![set(allowed.names)];
        for list in allowed.lists {
            let words = list.parameters.words.iter().map(|(name, _)| *name);
            wanted.push(set(list.parameters.names).into_iter().chain(words).collect());
        }
        // The same parameters are listed once.
        wanted.dedup();
        wanted.retain(|names| !names.is_empty());
        assert_eq!(section(kind.info().name), wanted, "{}", kind.info().name);
    }
}

/// The words in backticks behind the first colon of an item.
fn in_backticks(item: &str) -> BTreeSet<&str> {
    let item = item.split("\n\n").next().unwrap();
    let (_, names) = item.split_once(':').unwrap();
    names.split('`').skip(1).step_by(2).collect()
}
