//! Accounts, repositories, résumés and notes as rows under a header: CSV and TSV, with the columns of Folio's lists.

use std::io::{self, Read};
use std::str::FromStr;
use std::sync::Arc;

use csv::StringRecord;

use super::format::Format;
use super::github::{Account, AccountDetails, NamedRepository, Owner, Repository, RepositoryDetails};
use super::json_resume::Resume;
use super::markdown::{self, Note};
use super::place::{Located, Place, Position};
use super::record::Record;
use super::values::{MAX_RECORD, size};
use crate::error::{Error, Result};
use crate::types::{RepositoryStatus, Timestamp};

/// A kind of records: the columns that it must have, those that it may have, and those of lists that are not read.
struct Kind {
    what: &'static str,
    required: &'static [&'static str],
    optional: &'static [&'static str],
    read: fn(&Row<'_>) -> Result<Record, String>,
}

/// A kind is that of the first whose required columns are there.
const KINDS: [Kind; 4] = [
    Kind {
        what: "users",
        required: &["username", "account"],
        optional: &["email", "name", "kind", "url", "company", "location"],
        read: account,
    },
    Kind {
        what: "repositories",
        required: &["owner", "name"],
        optional: &[
            "status",
            "number",
            "account",
            "visibility",
            "description",
            "language",
            "topics",
            "stars",
            "forks",
            "archived",
            "fork",
            "url",
            "pushed",
            "began",
        ],
        read: repository,
    },
    Kind { what: "résumés", required: &["vacancy", "body"], optional: &[], read: resume },
    Kind { what: "notes", required: &["name", "body"], optional: &["tags"], read: note },
];

/// Columns of lists that belong to the database that they come from.
const PASSED_OVER: [&str; 8] = ["id", "created", "updated", "version", "source", "user", "repository", "repositories"];

/// The names of columns in JSON that differ from those in lists.
const IN_JSON: [(&str, &str); 8] = [
    ("repo_name", "name"),
    ("repo_id", "number"),
    ("user_id", "account"),
    ("repository_id", "repository"),
    ("created_at", "created"),
    ("updated_at", "updated"),
    ("pushed_at", "pushed"),
    ("repo_created_at", "began"),
];

/// The records of a sheet, read on demand, one in memory at a time. It ends after an error.
pub(super) struct SheetReader<R> {
    input: Arc<str>,
    rows: csv::Reader<Bounded<R>>,
    format: Format,
    /// The name of each column, as in lists.
    columns: Vec<String>,
    kind: &'static Kind,
    row: StringRecord,
    count: u64,
    ended: bool,
}

impl<R: Read> SheetReader<R> {
    /// Reads the header.
    pub fn new(input: &Arc<str>, format: Format, reader: R) -> Result<Self> {
        let mut builder = csv::ReaderBuilder::new();
        // Whether rows are ragged is checked here, to name the line.
        builder.has_headers(false).flexible(true);
        if format == Format::Tsv {
            builder.delimiter(b'\t').quoting(false);
        }
        let mut rows = builder.from_reader(Bounded { reader, left: MAX_RECORD });
        let mut row = StringRecord::new();
        let there_is_one = rows.read_record(&mut row).map_err(|error| failed(input, 0, error))?;
        let names = row.iter().enumerate().map(|(at, name)| {
            let name = if at == 0 { name.trim_start_matches('\u{FEFF}') } else { name };
            let in_lists = IN_JSON.iter().find(|(json, _)| *json == name).map_or(name, |(_, name)| name);
            in_lists.to_owned()
        });
        let columns: Vec<String> = names.collect();
        let refuse = |problem: String| Place::inside(input, None, Position::START).refuse(problem);
        let has = |name: &&str| columns.iter().any(|column| column == name);
        let kind = KINDS.iter().find(|kind| there_is_one && kind.required.iter().all(&has));
        let Some(kind) = kind else {
            let kinds = KINDS.iter().map(|kind| format!("{} for {}", kind.required.join(" and "), kind.what));
            return Err(refuse(format!(
                "the first line does not name the columns, as 'folio user list --format csv --header' writes them; there \
                 must be {}",
                kinds.collect::<Vec<_>>().join(", ")
            )));
        };
        for (at, column) in columns.iter().enumerate() {
            let known = [kind.required, kind.optional, &PASSED_OVER].concat();
            if !known.contains(&column.as_str()) {
                let known = [kind.required, kind.optional].concat().join(", ");
                return Err(refuse(format!("{column:?} is not a column of {}, which are {known}", kind.what)));
            }
            if columns[..at].contains(column) {
                return Err(refuse(format!("the column {column} is named twice")));
            }
        }
        Ok(Self { input: Arc::clone(input), rows, format, columns, kind, row, count: 0, ended: false })
    }

    fn read(&mut self) -> Result<Option<Located<Record>>> {
        self.rows.get_mut().left = MAX_RECORD;
        if !self.rows.read_record(&mut self.row).map_err(|error| failed(&self.input, self.count + 1, error))? {
            return Ok(None);
        }
        self.count += 1;
        let line = self.row.position().map_or(1, csv::Position::line);
        let place = Place::inside(&self.input, Some(self.count), Position { line, column: 1 });
        if self.row.len() != self.columns.len() {
            return Err(place.refuse(format!(
                "this row has {} fields, and the header has {}; is one of them not in quotes?",
                self.row.len(),
                self.columns.len()
            )));
        }
        let row = Row { columns: &self.columns, cells: &self.row, format: self.format };
        let value = (self.kind.read)(&row).map_err(|problem| place.refuse(problem))?;
        Ok(Some(Located { place, value }))
    }
}

impl<R: Read> Iterator for SheetReader<R> {
    type Item = Result<Located<Record>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.read().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

fn failed(input: &Arc<str>, record: u64, error: csv::Error) -> Error {
    let line = error.position().map_or(1, csv::Position::line);
    let place = Place::inside(input, Some(record).filter(|record| *record > 0), Position { line, column: 1 });
    match error.into_kind() {
        csv::ErrorKind::Io(error) if error.kind() != io::ErrorKind::FileTooLarge => Error::io(input, error),
        csv::ErrorKind::Io(error) => place.refuse(error),
        csv::ErrorKind::Utf8 { .. } => place.refuse("not valid UTF-8"),
        _ => place.refuse("it cannot be read"),
    }
}

/// A reader that ends a record without end, such as one whose quotes are not closed.
struct Bounded<R> {
    reader: R,
    left: usize,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            let problem = format!("this record is longer than {}, the limit for one record", size(MAX_RECORD));
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, problem));
        }
        let longest = buffer.len().min(self.left);
        let read = self.reader.read(&mut buffer[..longest])?;
        self.left -= read;
        Ok(read)
    }
}

/// A row under its header.
struct Row<'r> {
    columns: &'r [String],
    cells: &'r StringRecord,
    format: Format,
}

impl Row<'_> {
    /// The text of a cell; `None` if it is empty or its column is not there.
    fn text(&self, column: &str) -> Result<Option<String>, String> {
        let cell = self.columns.iter().position(|name| name == column).and_then(|at| self.cells.get(at));
        let Some(cell) = cell.filter(|cell| !cell.is_empty()) else { return Ok(None) };
        if cell.contains('\0') {
            return Err(format!("{column} contains a NUL character, which databases cannot store"));
        }
        Ok(Some(if self.format == Format::Tsv { unescaped(cell) } else { without_guard(cell).to_owned() }))
    }

    fn required(&self, column: &str) -> Result<String, String> {
        self.text(column)?.ok_or_else(|| format!("{column} is empty"))
    }

    /// The value of a cell.
    fn value<T: FromStr>(&self, column: &str, expected: &str) -> Result<Option<T>, String> {
        let Some(text) = self.text(column)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| format!("{column} is {text:?}, which is not {expected}"))
    }

    /// A number of GitHub's, which is never below zero.
    fn number(&self, column: &str) -> Result<Option<i64>, String> {
        match self.value(column, "a 64-bit integer")? {
            Some(number @ ..=-1) => Err(format!(
                "{column} is {number}, and only Folio gives numbers below zero; 'folio export' takes such records along"
            )),
            number => Ok(number),
        }
    }
}

/// A cell of CSV without the apostrophe that keeps spreadsheets from taking it for a formula.
fn without_guard(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) => rest,
        _ => cell,
    }
}

/// A cell of TSV with the characters that its escapes stand for.
fn unescaped(cell: &str) -> String {
    let mut text = String::with_capacity(cell.len());
    let mut rest = cell;
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        let code = after.strip_prefix("u{").and_then(|code| code.split_once('}'));
        let coded = code.and_then(|(code, rest)| Some((char::from_u32(u32::from_str_radix(code, 16).ok()?)?, rest)));
        let (character, after) = coded.unwrap_or_else(|| {
            let mut after_it = after.chars();
            let character = match after_it.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('\\') => '\\',
                _ => return ('\\', after),
            };
            (character, after_it.as_str())
        });
        text.push(character);
        rest = after;
    }
    text + rest
}

fn account(row: &Row<'_>) -> Result<Record, String> {
    let number = row.number("account")?.ok_or("account is empty")?;
    Ok(Record::Account(Account {
        number,
        login: row.required("username")?,
        email: row.text("email")?,
        details: AccountDetails {
            name: row.text("name")?.map(Some),
            kind: row.value("kind", "user, organization or bot")?,
            url: row.text("url")?,
            company: row.text("company")?.map(Some),
            location: row.text("location")?.map(Some),
        },
    }))
}

fn repository(row: &Row<'_>) -> Result<Record, String> {
    const FLAG: &str = "true or false";
    const TIME: &str = "a time like 2026-01-31T23:59:59Z";
    let (name, owner) = (row.required("name")?, row.required("owner")?);
    let status: Option<RepositoryStatus> = row.value("status", "public or private")?;
    let topics = row.text("topics")?.map(|topics| topics.split_whitespace().map(str::to_owned).collect());
    let details = RepositoryDetails {
        visibility: row.value("visibility", "public, private or internal")?,
        description: row.text("description")?.map(Some),
        language: row.text("language")?.map(Some),
        topics,
        stars: row.number("stars")?,
        forks: row.number("forks")?,
        archived: row.value("archived", FLAG)?,
        fork: row.value("fork", FLAG)?,
        url: row.text("url")?,
        pushed_at: row.value::<Timestamp>("pushed", TIME)?.map(Some),
        created_at: row.value("began", TIME)?,
    };
    // As with other records, exposing a private repository is the worse mistake.
    let private = status != Some(RepositoryStatus::Public);
    let owner_number = row.number("account")?;
    Ok(match (row.number("number")?, owner_number) {
        (Some(number), Some(of_owner)) => {
            let owner = Owner { number: of_owner, login: owner };
            Record::Repository(Repository { number, name, owner, private, details })
        }
        (number, owner_number) => {
            Record::NamedRepository(NamedRepository { number, name, owner, owner_number, private, details })
        }
    })
}

fn resume(row: &Row<'_>) -> Result<Record, String> {
    Ok(Record::Resume(Resume {
        name: None,
        email: None,
        label: Some(row.required("vacancy")?),
        canonical: None,
        profiles: Vec::new(),
        document: row.text("body")?.unwrap_or_default(),
    }))
}

fn note(row: &Row<'_>) -> Result<Record, String> {
    Ok(Record::Note(Note {
        name: row.required("name")?,
        tags: row.text("tags")?.map(|tags| markdown::tags(tags.split(','))),
        body: row.text("body")?.unwrap_or_default(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(format: Format, text: &str) -> Result<Vec<Record>> {
        SheetReader::new(&"in".into(), format, text.as_bytes())?.map(|record| Ok(record?.value)).collect()
    }

    #[test]
    fn a_row_is_a_record_by_the_names_of_its_columns() {
        let records =
            read(Format::Csv, "\u{FEFF}id,account,username,name\r\n9,3,hubot,\"Hu,\n\"\"bot\"\"\"\r\n9,4,'@x,\r\n")
                .unwrap();
        let [Record::Account(one), Record::Account(two)] = records.as_slice() else { panic!("{records:?}") };
        assert_eq!((one.number, &*one.login, &one.details.name), (3, "hubot", &Some(Some("Hu,\n\"bot\"".to_owned()))));
        assert_eq!((&*two.login, &two.details.name), ("@x", &None));
        let records = read(Format::Csv, "owner,repo_name,topics,archived\na,b,rust cli,true\n").unwrap();
        let [Record::NamedRepository(found)] = records.as_slice() else { panic!("{records:?}") };
        assert_eq!((&*found.owner, &*found.name, found.private), ("a", "b", true));
        assert_eq!(found.details.topics.as_deref().map(<[_]>::len), Some(2));
        let records = read(Format::Tsv, "name\tbody\nx\ta\\tb\\\\n\\u{1b}\\q\"\n").unwrap();
        let [Record::Note(note)] = records.as_slice() else { panic!("{records:?}") };
        assert_eq!(note.body, "a\tb\\n\u{1b}\\q\"");
        let records = read(Format::Csv, "name,body,tags\nx,,\"rust, cli\"\ny,,\n").unwrap();
        let [Record::Note(one), Record::Note(two)] = records.as_slice() else { panic!("{records:?}") };
        assert_eq!((&one.tags, &two.tags), (&Some(vec!["cli".parse().unwrap(), "rust".parse().unwrap()]), &None));
        assert_eq!(read(Format::Csv, "vacancy,body\n").unwrap(), []);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, problem) in [
            ("", "in (line 1, column 1): the first line does not name the columns"),
            ("3,hubot\n4,x\n", "in (line 1, column 1): the first line does not name the columns"),
            ("account,username,usernam\n", "\"usernam\" is not a column of users, which are username, account, email"),
            ("account,username,user_id\n", "the column account is named twice"),
            (
                "account,username\n1,\"a\nb\"\n3,hubot,x\n",
                "in, record 2 (line 4, column 1): this row has 3 fields, and the header has 2",
            ),
            ("account,username\n3\n", "in, record 1 (line 2, column 1): this row has 1 fields"),
            ("account,username\nx,hubot\n", "account is \"x\", which is not a 64-bit integer"),
            ("account,username\n-1,ada\n", "account is -1, and only Folio gives numbers below zero"),
            ("account,username\n1,\n", "username is empty"),
            ("owner,name,fork\na,b,2\n", "fork is \"2\", which is not true or false"),
            ("name,body\na,b\0\n", "body contains a NUL character"),
        ] {
            let error = read(Format::Csv, text).unwrap_err().to_string();
            assert!(error.contains(problem), "{text}: {error}");
        }
        let mut bytes = b"account,username\n1,\xFF\n".as_slice();
        let error = SheetReader::new(&"in".into(), Format::Csv, &mut bytes).unwrap().next().unwrap().unwrap_err();
        assert!(error.to_string().ends_with("not valid UTF-8"), "{error}");
    }
}
