//! How the library is linked.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    napi_build::setup();
    // Its threads may run when a runtime closes it: Deno does so with a worker's end.
    println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
}
