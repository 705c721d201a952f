//! Reads what `folio export` writes: a line that says so, with the version of the form, then a record a line.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::fields::{Fields, Known};
use super::place::{Fault, Flaw, Located, Place};
use super::values::Values;
use crate::error::Result;

/// The version of the form that is written and read.
const VERSION: u32 = 1;

/// The first line of an export.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExportHeader {
    /// The greatest id that was ever given to a record of each kind: new records get greater ones.
    pub used: BTreeMap<String, i64>,
}

impl Serialize for ExportHeader {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut header = serializer.serialize_struct("ExportHeader", 3)?;
        header.serialize_field("folio", "export")?;
        header.serialize_field("version", &VERSION)?;
        header.serialize_field("used", &self.used)?;
        header.end()
    }
}

/// A record of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedRecord {
    /// What it is: `user`, `repo`, `resume` or `note`.
    pub kind: String,
    /// The whole record, a JSON object.
    pub text: String,
}

impl Located<ExportedRecord> {
    /// The record as another type.
    ///
    /// # Errors
    ///
    /// [`Error::Input`](crate::Error::Input), with the position in the input where the record differs from the type.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(&self.value.text).map_err(|error| self.place.refuse_at(&error))
    }
}

/// The version of the form, as a field of a record in a file of its own.
pub(super) fn version() -> (String, Value) {
    ("export".to_owned(), VERSION.into())
}

/// Refuses another version of the form.
pub(super) fn check_version(version: Option<&Value>) -> Result<(), String> {
    match version {
        Some(version) if *version == VERSION => Ok(()),
        Some(version) => Err(format!(
            "this is an export of version {version}, and this folio reads version {VERSION}; import it with the folio \
             that wrote it, and bring its database up to date by 'folio migrate up'"
        )),
        None => Err("the version of the export is missing".to_owned()),
    }
}

/// Whether an object is the first line of an export, of any version.
pub(super) fn is_header(text: &str) -> bool {
    Known::read(text, &["folio"]).and_then(|known| known.get("folio")).is_some_and(|folio| folio.get() == "\"export\"")
}

/// The records of an export, read on demand, one in memory at a time. It ends after an error.
pub(super) struct ExportReader<R> {
    input: Arc<str>,
    values: Values<R>,
    header: ExportHeader,
    ended: bool,
}

impl<R: Read> ExportReader<R> {
    /// Reads the first line of an export.
    pub fn new(input: &Arc<str>, mut values: Values<R>) -> Result<Self> {
        let header = read_header(&mut values).map_err(|fault| fault.in_input(input))?;
        Ok(Self { input: Arc::clone(input), values, header, ended: false })
    }

    /// The first line.
    pub fn header(&self) -> &ExportHeader {
        &self.header
    }

    fn read(&mut self) -> Result<Option<Located<ExportedRecord>>, Fault> {
        let Some(raw) = self.values.next()? else { return Ok(None) };
        // The first line is not a record.
        let (number, start) = (raw.number - 1, raw.start);
        let fields = Fields::new(raw.text, start);
        let kind = if is_header(raw.text) {
            Err(fields.here("another export begins here; import each of them by itself"))
        } else {
            kind(fields, &self.header)
        };
        let kind = kind.map_err(|flaw| Fault::Flaw { record: Some(number), flaw })?;
        let value = ExportedRecord { kind, text: self.values.take_text() };
        Ok(Some(Located { place: Place::inside(&self.input, Some(number), start), value }))
    }
}

/// The kind of a record. Its id is checked here, because new ids are made to go on behind those of the header.
fn kind(fields: Fields<'_>, header: &ExportHeader) -> Result<String, Flaw> {
    let known = Known::read(fields.raw_text(), &["record", "id"]);
    let field = |name| known.as_ref().and_then(|known| known.get(name)).ok_or_else(|| fields.missing(name));
    let record = field("record")?;
    let kind = fields.text("record", record)?;
    let Some(used) = header.used.get(&kind) else {
        let kinds = header.used.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        let problem = format!("`record` is {kind:?}, which is not one of those in `used` in the first line: {kinds}");
        return Err(fields.flaw(record, problem));
    };
    let id = field("id")?;
    if fields.number("id", id)? > *used {
        let problem =
            format!("`id` is greater than {used}, the greatest of a {kind} according to `used` in the first line");
        return Err(fields.flaw(id, problem));
    }
    Ok(kind)
}

fn read_header<R: Read>(values: &mut Values<R>) -> Result<ExportHeader, Fault> {
    #[derive(Deserialize)]
    struct Version {
        version: Value,
    }
    #[derive(Deserialize)]
    struct Header {
        used: BTreeMap<String, i64>,
    }
    let position = values.position();
    let Some(raw) = values.next()?.filter(|raw| is_header(raw.text)) else {
        let problem = "this is not an export: its first line does not say {\"folio\":\"export\"}";
        return Err(Flaw::new(position, problem).into());
    };
    let flaw = |error: serde_json::Error| Fault::from(Flaw::of(raw.start, &error));
    // The version first: the rest of the line may be otherwise in another one.
    let Version { version } = serde_json::from_str(raw.text).map_err(flaw)?;
    check_version(Some(&version)).map_err(|problem| Flaw::new(raw.start, problem))?;
    let Header { used } = serde_json::from_str(raw.text).map_err(flaw)?;
    Ok(ExportHeader { used })
}

impl<R: Read> Iterator for ExportReader<R> {
    type Item = Result<Located<ExportedRecord>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.read().map_err(|fault| fault.in_input(&self.input)).transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::values::MAX_RECORD;

    const HEADER: &str = "{\"folio\":\"export\",\"version\":1,\"used\":{\"note\":0,\"user\":3}}\n";

    fn read(text: &str) -> Result<Vec<Located<ExportedRecord>>> {
        ExportReader::new(&"in".into(), Values::new(text.as_bytes(), MAX_RECORD))?.collect()
    }

    #[test]
    fn a_header_is_read_as_it_is_written() {
        let header = ExportHeader { used: BTreeMap::from([("note".to_owned(), 0), ("user".to_owned(), 3)]) };
        assert_eq!(serde_json::to_string(&header).unwrap() + "\n", HEADER);
        let reader = ExportReader::new(&"in".into(), Values::new(HEADER.as_bytes(), MAX_RECORD)).unwrap();
        assert_eq!(*reader.header(), header);
    }

    #[test]
    fn records_are_counted_without_the_header_and_located_with_it() {
        let records =
            read(&format!("{HEADER}{{\"record\":\"user\",\"id\":3}}\n{{\"record\":\"note\",\"id\":0}}\n")).unwrap();
        let kinds: Vec<&str> = records.iter().map(|record| record.value.kind.as_str()).collect();
        assert_eq!(kinds, ["user", "note"]);
        assert_eq!(records[1].place.to_string(), "in, record 2 (line 3, column 1)");
        let error = records[1].parse::<BTreeMap<String, u8>>().unwrap_err().to_string();
        assert!(error.starts_with("in, record 2 (line 3, column 16): invalid type"), "{error}");
    }

    #[test]
    fn what_is_not_an_export_of_this_version_is_refused_by_name() {
        for (text, problem) in [
            ("{\"folio\":\"export\",\"version\":2}", "in (line 1, column 1): this is an export of version 2, and"),
            ("{\"folio\":\"export\"}", "missing field `version`"),
            ("{\"folio\":\"export\",\"version\":1}", "missing field `used`"),
            ("{\"login\":\"a\"}", "this is not an export"),
            ("", "this is not an export"),
            (&format!("{HEADER}{HEADER}"), "in, record 1 (line 2, column 1): another export begins here"),
            (&format!("{HEADER}{{\"id\":1}}"), "`record` is missing"),
            (
                &format!("{HEADER}{{\"record\":\"user\",\"id\":4}}"),
                "column 23): `id` is greater than 3, the greatest of a user",
            ),
            (&format!("{HEADER}{{\"record\":\"usr\"}}"), "`record` is \"usr\", which is not one of those in `used`"),
            (&format!("{HEADER}{{\"record\":1}}"), "`record` must be a text, not the number 1"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(problem), "{text}: {error}");
        }
    }
}
