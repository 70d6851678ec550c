//! Prints the contract of the boundary as one JSON document.
//!
//! `scripts/generate.ts` turns it into `src/generated/contract.ts` and `rust/bindings/giftgrab.h`. Run it in the
//! repository's root folder.

mod header;
mod numbers;

use giftgrab_core::{
    boundary::{ABI_VERSION, Command, OpenOptions, Replies},
    codec::{CODECS, CONTAINERS, COPY, CodecInfo, Container, ContainerInfo, encoder_names},
    error::{self, CODES},
    frame::header::{FIELDS, MAX_SIZE, MAX_VIEWS, NO_SEQUENCE},
    pixels::{
        COLOUR_SPACES,
        h273::{MATRICES, RANGE_UNKNOWN, RANGES, UNKNOWN},
    },
    report,
    time::{MAX_FRAME_PERIOD, MAX_FRAME_RATE},
};
use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let document = json!({
        "abiVersion": ABI_VERSION,
        "tables": numbers::named().iter().map(table).collect::<Vec<_>>(),
        "codes": CODES.iter().map(code).collect::<Vec<_>>(),
        "containers": CONTAINERS.iter().map(container).collect::<Vec<_>>(),
        "codecs": CODECS.iter().map(codec).collect::<Vec<_>>(),
        "copy": codec(&COPY),
        "colourSpaces": COLOUR_SPACES,
        "colourRanges": RANGES,
        "colourMatrices": MATRICES,
        "unknown": { "SEQUENCE": NO_SEQUENCE, "RANGE": RANGE_UNKNOWN, "MATRIX": UNKNOWN },
        "limits": limits(),
        "frameHeader": FIELDS,
        "inputs": inputs(),
        "outputs": outputs(),
        "header": header::generate(std::path::Path::new("rust/bindings/src/c_abi"))?,
    });
    println!("{}", serde_json::to_string_pretty(&document)?);
    Ok(())
}

/// Schemas of the JSON that JavaScript sends; a field with a default may be left out.
fn inputs() -> Map<String, Value> {
    let mut schemas = SchemaSettings::draft2020_12().for_deserialize().into_generator();
    schemas.subschema_for::<OpenOptions>();
    schemas.subschema_for::<Command>();
    definitions(schemas)
}

/// Schemas of the JSON that JavaScript receives; every field that is not skipped is there.
fn outputs() -> Map<String, Value> {
    let mut schemas = SchemaSettings::draft2020_12().for_serialize().into_generator();
    schemas.subschema_for::<Replies>();
    schemas.subschema_for::<report::SourceStats>();
    schemas.subschema_for::<report::TargetStats>();
    schemas.subschema_for::<report::TapStats>();
    schemas.subschema_for::<report::FilterStats>();
    schemas.subschema_for::<report::RecordingReport>();
    schemas.subschema_for::<report::Event>();
    definitions(schemas)
}

fn definitions(mut schemas: SchemaGenerator) -> Map<String, Value> {
    schemas.take_definitions(true)
}

/// Limits that no schema has, by their names in TypeScript, with their meanings.
fn limits() -> Value {
    json!([
        ("FRAME_SIZE", MAX_SIZE, "Width or height of a frame in pixels."),
        ("VIEWS", MAX_VIEWS, "Views of a frame."),
        ("FRAME_RATE", MAX_FRAME_RATE, "Frames per second."),
        ("FRAME_PERIOD", MAX_FRAME_PERIOD, "Seconds per frame."),
        ("TERM", i32::MAX, "Numerator or denominator of a ratio."),
    ])
}

fn table(table: &numbers::Table) -> Value {
    json!({ "name": table.name, "meaning": table.meaning, "numbers": table.numbers })
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
