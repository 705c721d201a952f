//! JSON that is safe to show: compact, with all characters escaped that would control a terminal.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::controls_terminal;

/// Writes a value.
pub fn write(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(out, EscapedJson);
    Ok(value.serialize(&mut serializer)?)
}

/// Some fields of an object, in the order of their names here.
pub(super) struct Picked<'a> {
    pub object: &'a Map<String, Value>,
    pub names: &'a [&'static str],
}

impl Serialize for Picked<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.names.len()))?;
        for name in self.names {
            map.serialize_entry(name, self.object.get(*name).unwrap_or(&Value::Null))?;
        }
        map.end()
    }
}

/// Compact JSON that also escapes all characters that would control a terminal: the same values, safe to display.
struct EscapedJson;

impl serde_json::ser::Formatter for EscapedJson {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if !fragment.contains(controls_terminal) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut escaped = String::with_capacity(fragment.len() + 16);
        for character in fragment.chars() {
            if controls_terminal(character) {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // Writing to a String cannot fail.
                    let _ = write!(escaped, "\\u{unit:04x}");
                }
            } else {
                escaped.push(character);
            }
        }
        writer.write_all(escaped.as_bytes())
    }
}
