//! The options of filters, by FFmpeg's tables.

use std::ptr;

use super::{
    super::ffi::{self, text},
    description::{FilterPolicy, Setting, Stage},
    error::GraphError,
    functions::{Functions, c, find},
};

/// The options of a filter by name; those without a name are for its own options in their order.
///
/// # Safety
/// `filter` is part of a graph.
pub(super) unsafe fn resolve<'a>(
    filter: *mut ffi::AVFilterContext,
    stage: &'a Stage,
    policy: &dyn FilterPolicy,
) -> Result<Vec<(String, &'a str)>, GraphError> {
    // SAFETY: promised by the caller; a filter without options has no private class.
    let (has_options, private) = unsafe { (!(*(*filter).filter).priv_class.is_null(), (*filter).priv_) };
    // SAFETY: an object with a private class begins with it.
    let own = if has_options { unsafe { options_of(private) } } else { Vec::new() };
    let mut unnamed = own.iter().enumerate().filter(|(index, option)| {
        // A further name of the same value has no place of its own.
        *index == 0 || own[index - 1].offset != option.offset
    });
    let mut resolved = Vec::new();
    for Setting { name, value } in &stage.settings {
        let name = match name {
            Some(name) => name.clone(),
            None => unnamed.next().map(|(_, option)| option.name.clone()).ok_or_else(|| {
                GraphError::new(format!("the filter {:?} has no option for the value {value:?}", stage.filter))
            })?,
        };
        // SAFETY: promised by the caller; both objects begin with a class.
        if !unsafe { finds(filter.cast(), &name, 0) || (has_options && finds(private, &name, CHILDREN)) } {
            return Err(GraphError::new(format!("the filter {:?} has no option {name:?}", stage.filter)));
        }
        let offset = own.iter().find(|option| option.name == name).map(|option| option.offset);
        let mut same = own.iter().filter(|option| option.name == name || Some(option.offset) == offset);
        if policy.names_a_file(&stage.filter, &name)
            || same.any(|option| policy.names_a_file(&stage.filter, &option.name))
        {
            return Err(GraphError::new(format!(
                "the option {name:?} of the filter {:?} names a file; a filter may only compute on pictures",
                stage.filter
            )));
        }
        resolved.push((name, value.as_str()));
    }
    Ok(resolved)
}

/// Options may also be those of an object inside the filter, which need not be made yet.
const CHILDREN: i32 = ffi::AV_OPT_SEARCH_CHILDREN | ffi::AV_OPT_SEARCH_FAKE_OBJ;

/// Whether an object has an option of that name.
///
/// # Safety
/// `object` begins with a pointer to a class.
unsafe fn finds(object: *mut std::ffi::c_void, name: &str, flags: i32) -> bool {
    // SAFETY: promised by the caller.
    unsafe { !ffi::av_opt_find(object, c(name).as_ptr(), ptr::null(), 0, flags).is_null() }
}

/// One entry of a table of options.
struct OptionInfo {
    name: String,
    /// Where its value is; the same for two names of one option.
    offset: i32,
    #[cfg(test)]
    is_text: bool,
    #[cfg(test)]
    help: String,
}

/// The options of an object in their order, without the words for their values.
///
/// # Safety
/// `object` begins with a pointer to a class.
unsafe fn options_of(object: *const std::ffi::c_void) -> Vec<OptionInfo> {
    let mut options = Vec::new();
    let mut option = ptr::null();
    loop {
        // SAFETY: promised by the caller; each entry is static.
        unsafe {
            option = ffi::av_opt_next(object, option);
            if option.is_null() {
                return options;
            }
            let entry = &*option;
            if entry.type_ != ffi::AVOptionType::CONST {
                options.push(OptionInfo {
                    name: text(entry.name),
                    offset: entry.offset,
                    // The high half marks arrays.
                    #[cfg(test)]
                    is_text: entry.type_.0 & 0xffff == ffi::AVOptionType::STRING.0,
                    #[cfg(test)]
                    help: text(entry.help),
                });
            }
        }
    }
}

/// Whether a filter of the loaded libavfilter has an option of its own of that name.
pub(super) fn has_option(functions: &Functions, filter: &str, name: &str) -> bool {
    options_by_name(functions, filter).iter().any(|option| option.name == name)
}

fn options_by_name(functions: &Functions, filter: &str) -> Vec<OptionInfo> {
    let filter = find(functions, filter);
    if filter.is_null() {
        return Vec::new();
    }
    // SAFETY: the filter is static; the address of a pointer to a class is an object that begins with one.
    unsafe {
        if (*filter).priv_class.is_null() { Vec::new() } else { options_of((&raw const (*filter).priv_class).cast()) }
    }
}

#[cfg(test)]
pub(super) fn text_options(filter: &str) -> Vec<(String, String)> {
    let functions = Functions::get().unwrap();
    let options = options_by_name(functions, filter).into_iter().filter(|option| option.is_text);
    options.map(|option| (option.name, option.help)).collect()
}
