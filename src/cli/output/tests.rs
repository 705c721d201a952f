//! Tests of the output formats: the same records for people and for programs.

use insta::assert_snapshot;

use std::borrow::Cow;

use serde::Serialize;

use super::*;

const FORMATS: [Format; 6] = [Format::Table, Format::Tsv, Format::Csv, Format::Json, Format::Ndjson, Format::Markdown];

const SCREEN: Place = Place::Terminal { width: Some(40) };

#[derive(Serialize)]
struct Row {
    id: i64,
    name: &'static str,
    email: Option<&'static str>,
    body: &'static str,
}

impl Record for Row {
    const COLUMNS: &'static [Column] = &[
        Column::number("id"),
        Column::text("name"),
        Column::text("email"),
        Column::text("text").field("body").on_request(),
    ];

    fn cells(&self) -> Vec<Option<Cow<'_, str>>> {
        let (id, name, email) = (self.id.to_string().into(), self.name.into(), self.email.map(Into::into));
        vec![Some(id), Some(name), email, Some(self.body.into())]
    }

    fn json(&self) -> impl Serialize {
        self
    }
}

const ADA: Row = Row { id: 7, name: "Ада 🦀", email: Some("ada@example.org"), body: "Résumé\n" };
const NOBODY: Row = Row { id: 1_000, name: "nobody", email: None, body: "" };
const HOSTILE: Row = Row { id: 3, name: "a\tb\nc\rd\\e", email: Some("\u{1b}[2J\u{9b}2J\u{202e}"), body: "" };

fn listed(rows: &[Row], format: Format, place: Place) -> String {
    let mut out = Vec::new();
    let mut listing = Listing::new(&mut out, format, place);
    for row in rows {
        listing.push(row).unwrap();
    }
    listing.finish().unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_table_sets_numbers_to_the_right_and_leaves_null_empty() {
    assert_snapshot!(listed(&[ADA, NOBODY], Format::Table, SCREEN), @r#"
      id  name    email
    ─────────────────────────────
       7  Ада 🦀  ada@example.org
    1000  nobody
    "#);
}

#[test]
fn a_table_fits_the_width_of_the_terminal_and_elsewhere_takes_what_it_needs() {
    let wide = || Row { name: "a name that is longer than any terminal would like it to be", ..ADA };
    let narrow = listed(&[wide()], Format::Table, SCREEN);
    assert_snapshot!(narrow, @r#"
    id  name                 email
    ────────────────────────────────────────
     7  a name that is lon…  ada@example.org
    "#);
    assert!(listed(&[wide()], Format::Table, Place::Pipe).lines().any(|line| line.chars().count() > 70));
}

#[test]
fn a_table_comes_out_on_the_narrowest_terminal_too() {
    for width in 1..12 {
        let table = listed(&[ADA, NOBODY], Format::Table, Place::Terminal { width: Some(width) });
        let digits: String = table.chars().filter(char::is_ascii_digit).collect();
        assert!(digits.contains('7'), "{width}: {table}");
    }
}

#[test]
fn a_table_without_records_is_its_header() {
    assert_snapshot!(listed(&[], Format::Table, SCREEN), @r#"
    id  name  email
    ───────────────
    "#);
}

#[test]
fn a_long_table_comes_in_pages_each_under_its_header() {
    let rows: Vec<Row> = (0..2_000).map(|id| Row { id, ..NOBODY }).collect();
    let table = listed(&rows, Format::Table, SCREEN);
    assert_eq!(table.lines().filter(|line| line.contains("email")).count(), 2);
    assert_eq!(table.lines().count(), 2_000 + 2 * 2);
}

#[test]
fn stored_data_cannot_drive_the_terminal_in_any_format() {
    // A pipe may end at a terminal too.
    let places = [SCREEN, Place::Pipe];
    for (format, place) in FORMATS.into_iter().flat_map(|f| places.map(|p| (f, p))) {
        let shown = listed(&[HOSTILE], format, place);
        // A line end in a field of CSV stays one, in quotes.
        let shown = if format == Format::Csv { shown.replace('\r', "") } else { shown };
        assert!(!shown.replace('\n', "").contains(|c| controls_terminal(c) && c != '\t'), "{shown:?}");
    }
    assert_snapshot!(listed(&[HOSTILE], Format::Table, Place::Terminal { width: None }), @r#"
    id  name          email
    ───────────────────────────────────────────
     3  a\tb\nc\rd\e  \u{1b}[2J\u{9b}2J\u{202e}
    "#);
}

#[test]
fn tab_separated_rows_have_no_header_and_escape_what_would_break_a_row() {
    assert_eq!(listed(&[ADA, NOBODY], Format::Tsv, Place::Pipe), "7\tАда 🦀\tada@example.org\n1000\tnobody\t\n");
    let hostile = "3\ta\\tb\\nc\\rd\\\\e\t\\u{1b}[2J\\u{9b}2J\\u{202e}\n";
    assert_eq!(listed(&[HOSTILE], Format::Tsv, Place::Pipe), hostile);
    assert_eq!(listed(&[HOSTILE], Format::Tsv, SCREEN), hostile);
    assert_eq!(listed(&[], Format::Tsv, Place::Pipe), "");
}

#[test]
fn json_is_one_array_of_one_record_a_line_with_fields_in_their_order() {
    assert_snapshot!(listed(&[ADA, NOBODY], Format::Json, Place::Pipe), @r#"
    [
    {"id":7,"name":"Ада 🦀","email":"ada@example.org","body":"Résumé\n"},
    {"id":1000,"name":"nobody","email":null,"body":""}
    ]
    "#);
    assert_eq!(listed(&[], Format::Json, Place::Pipe), "[]\n");
}

#[test]
fn json_escapes_more_than_it_must_and_means_the_same() {
    let json = listed(&[HOSTILE], Format::Json, Place::Pipe);
    let read: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(read[0]["name"], HOSTILE.name);
    assert_eq!(read[0]["email"], HOSTILE.email.unwrap());
    assert!(json.contains(r"\u001b[2J\u009b2J\u202e"), "{json}");
}

#[test]
fn an_unfinished_json_listing_does_not_pass_for_a_whole_one() {
    let mut out = Vec::new();
    let mut listing = Listing::new(&mut out, Format::Json, Place::Pipe);
    listing.push(&ADA).unwrap();
    drop(listing);
    assert!(serde_json::from_slice::<serde_json::Value>(&out).is_err());
}

#[test]
fn a_terminal_gets_a_table_a_pipe_gets_rows_and_who_asks_gets_what_is_asked() {
    assert_eq!(SCREEN.format(None), Format::Table);
    assert_eq!(Place::Pipe.format(None), Format::Tsv);
    assert_eq!(SCREEN.format(Some(Format::Json)), Format::Json);
}

/// An output on which every write fails with the same error.
struct Broken(io::ErrorKind);

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(self.0.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_is_told_from_a_full_disk_in_every_format() {
    for format in FORMATS {
        for (kind, closed) in [(io::ErrorKind::BrokenPipe, true), (io::ErrorKind::StorageFull, false)] {
            let mut listing = Listing::new(Broken(kind), format, Place::Pipe);
            let written = listing.push(&ADA).and_then(|()| listing.finish());
            let error = anyhow::Error::from(written.unwrap_err()).context("listing users");
            assert_eq!(is_closed_pipe(&error), closed, "{format:?} {kind:?}");
        }
    }
}

#[test]
fn a_broken_pipe_of_something_else_is_no_closed_pipe() {
    let error = anyhow::Error::from(io::Error::from(io::ErrorKind::BrokenPipe));
    assert!(!is_closed_pipe(&error));
}

#[test]
fn printable_text_is_left_alone_and_the_rest_is_escaped() {
    assert!(matches!(printable("Ада\\ 🦀"), Cow::Borrowed("Ада\\ 🦀")));
    assert_eq!(printable("a\tb\u{7f}\u{2028}"), r"a\tb\u{7f}\u{2028}");
    for hidden in ['\u{0}', '\u{85}', '\u{9d}', '\u{61c}', '\u{200b}', '\u{2060}', '\u{2069}', '\u{feff}', '\u{e0041}']
    {
        assert_eq!(printable(&hidden.to_string()), hidden.escape_default().to_string());
        let row = Row { email: None, name: Box::leak(hidden.to_string().into_boxed_str()), ..NOBODY };
        let json: serde_json::Value = serde_json::from_str(&listed(&[row], Format::Json, Place::Pipe)).unwrap();
        assert_eq!(json[0]["name"], hidden.to_string());
    }
    assert!(matches!(printable("👩\u{200d}🔧 ☕\u{fe0f} می\u{200c}خواهم"), Cow::Borrowed(_)));
}

#[test]
fn csv_is_that_of_rfc_4180_and_no_formula_for_a_spreadsheet() {
    let formula = || Row { id: -1, name: "=1+1", email: Some("+47 1, \"x\""), body: "" };
    assert_eq!(
        listed(&[formula(), NOBODY], Format::Csv, Place::Pipe),
        "-1,'=1+1,\"'+47 1, \"\"x\"\"\"\r\n1000,nobody,\r\n"
    );
    assert_eq!(listed(&[HOSTILE], Format::Csv, Place::Pipe), "3,\"a\tb\nc\rd\\e\",\\u{1b}[2J\\u{9b}2J\\u{202e}\r\n");
    let mut out = Vec::new();
    let listing = Listing::new(&mut out, Format::Csv, Place::Pipe);
    let mut listing = listing.on(|sheet| sheet.with_header(true).guarding_formulas(false));
    listing.push(&formula()).unwrap();
    listing.finish().unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), "id,name,email\r\n-1,=1+1,\"+47 1, \"\"x\"\"\"\r\n");
    assert_eq!(listed(&[], Format::Csv, Place::Pipe), "");
}

#[test]
fn markdown_shows_every_character_as_itself() {
    let marked = Row { id: 7, name: "a|b *c* snake_case _d_ <e> [f]", email: Some("&\r\n`g`"), body: "" };
    assert_snapshot!(listed(&[marked, NOBODY], Format::Markdown, SCREEN), @r"
    | id | name | email |
    | ---: | --- | --- |
    | 7 | a\|b \*c\* snake_case \_d\_ &lt;e> \[f\] | &amp;<br>\`g\` |
    | 1000 | nobody |  |
    ");
    assert_eq!(listed(&[], Format::Markdown, SCREEN).lines().count(), 2);
}

#[test]
fn ndjson_is_a_record_a_line() {
    assert_snapshot!(listed(&[ADA, NOBODY], Format::Ndjson, Place::Pipe), @r#"
    {"id":7,"name":"Ада 🦀","email":"ada@example.org","body":"Résumé\n"}
    {"id":1000,"name":"nobody","email":null,"body":""}
    "#);
    assert_eq!(listed(&[], Format::Ndjson, Place::Pipe), "");
}

#[test]
fn the_columns_asked_for_come_in_their_order_and_json_has_their_fields() {
    let picked = |format| {
        let mut out = Vec::new();
        let mut listing = Listing::of(&mut out, vec![3, 0], format, Place::Pipe);
        listing.push(&ADA).unwrap();
        listing.finish().unwrap();
        String::from_utf8(out).unwrap()
    };
    assert_eq!(picked(Format::Tsv), "Résumé\\n\t7\n");
    assert_eq!(picked(Format::Ndjson), "{\"body\":\"Résumé\\n\",\"id\":7}\n");
}
