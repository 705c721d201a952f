//! Writes the macro `suite!`, which names the suite's files by where they lie on this machine: `#[path]` takes nothing
//! but a literal.

use std::path::Path;
use std::{env, fs, io};

const MACRO: &str = r#"
/// Puts the suite into a test binary, as a module of tests over the connections of a [`Harness`]: see the
/// [front page](crate).
///
/// The type is named by its path from the crate's root. One binary can take the suite in more than once.
#[macro_export]
macro_rules! suite {
    ($(#[$attribute:meta])* mod $name:ident on $harness:ty) => {
        $(#[$attribute])*
        #[allow(clippy::duplicate_mod, reason = "each harness takes the same files in")]
        mod $name {
            /// What the suite runs on.
            pub type Subject = $harness;

            #[path = {suite}]
            pub mod suite;
        }
    };
}
"#;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = |name| env::var(name).map_err(io::Error::other);
    let suite = Path::new(&folder("CARGO_MANIFEST_DIR")?).join("suite").join("mod.rs");
    let suite = suite.to_str().ok_or_else(|| io::Error::other("the path of this crate is no Unicode"))?;
    fs::write(Path::new(&folder("OUT_DIR")?).join("suite.rs"), MACRO.replace("{suite}", &format!("{suite:?}")))
}
