//! Prints one JSON document: all that TypeScript and C must know of the core and its bindings.
//!
//! `scripts/generate.ts` turns it into `src/generated/contract.ts` and `rust/bindings/giftgrab.h`. Run it in the
//! repository's root folder.

mod header;

use giftgrab_core::{
    codec::{CODECS, CONTAINERS, Capabilities, CodecInfo, Container, ContainerInfo, encoder_names},
    error::{self, CODES},
    filter,
    frame::header::FIELDS,
    pixels::COLOUR_SPACES,
    record, report, source, tap,
};
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let header = header::generate(std::path::Path::new("rust/bindings/src"))?;
    let document = json!({
        "abiVersion": header::constant(&header, "ABI_VERSION")?,
        "status": {
            "DONE": 0,
            "AGAIN": header::constant(&header, "AGAIN")?,
            "MORE": header::constant(&header, "MORE")?,
            "END": header::constant(&header, "END")?,
        },
        "codes": CODES.iter().map(code).collect::<Vec<_>>(),
        "containers": CONTAINERS.iter().map(container).collect::<Vec<_>>(),
        "codecs": CODECS.iter().map(codec).collect::<Vec<_>>(),
        "colourSpaces": COLOUR_SPACES,
        "frameHeader": FIELDS,
        "inputs": inputs(),
        "outputs": outputs(),
        "header": header,
    });
    println!("{}", serde_json::to_string_pretty(&document)?);
    Ok(())
}

/// Schemas of what JavaScript sends; a field with a default may be left out.
fn inputs() -> Map<String, Value> {
    let mut schemas = SchemaSettings::draft2020_12().for_deserialize().into_generator();
    schemas.subschema_for::<source::options::SourceOptions>();
    schemas.subschema_for::<source::options::FileReaderOptions>();
    schemas.subschema_for::<source::options::TestPatternOptions>();
    schemas.subschema_for::<record::options::FileWriterOptions>();
    schemas.subschema_for::<tap::options::TapOptions>();
    schemas.subschema_for::<filter::options::FilterOptions>();
    definitions(schemas)
}

/// Schemas of what JavaScript receives; every field that is not skipped is there.
fn outputs() -> Map<String, Value> {
    let mut schemas = SchemaSettings::draft2020_12().for_serialize().into_generator();
    schemas.subschema_for::<report::SourceInfo>();
    schemas.subschema_for::<report::TargetInfo>();
    schemas.subschema_for::<report::SourceStats>();
    schemas.subschema_for::<report::TargetStats>();
    schemas.subschema_for::<report::TapStats>();
    schemas.subschema_for::<report::FilterStats>();
    schemas.subschema_for::<report::Report>();
    schemas.subschema_for::<report::Event>();
    schemas.subschema_for::<Capabilities>();
    definitions(schemas)
}

fn definitions(mut schemas: SchemaGenerator) -> Map<String, Value> {
    schemas.take_definitions(true)
}

fn code(info: &error::CodeInfo) -> Value {
    json!({ "text": info.text, "status": info.code.status(), "meaning": info.meaning })
}

fn container(info: &ContainerInfo) -> Value {
    json!({ "container": info.container, "extensions": info.extensions })
}

fn codec(info: &CodecInfo) -> Value {
    let extensions =
        info.containers.iter().flat_map(|container: &Container| container.info().extensions).collect::<Vec<_>>();
    json!({
        "codec": info.codec,
        "name": info.name,
        "containers": info.containers,
        "extensions": extensions,
        "encoders": encoder_names(info.codec),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_of_a_code_lists_the_texts_of_the_table() {
        let outputs = outputs();
        let listed = outputs["ErrorCode"]["oneOf"].as_array().expect("a list of documented variants");
        let texts = listed.iter().map(|variant| variant["const"].as_str().expect("a text")).collect::<Vec<_>>();
        assert_eq!(texts, CODES.iter().map(|info| info.text).collect::<Vec<_>>());
    }
}
