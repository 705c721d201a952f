//! A table for a terminal: columns under a header, and each record on one line, at any width.

use std::borrow::Cow;

use anstyle::Style;
use chrono::{DateTime, Utc};
use folio::services::search::Words;
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use super::{Column, Kind, Signal, styled};

/// The space between two columns.
const GAP: &str = "  ";

/// Texts are not cut below this width: columns are left out instead.
const SHORTEST: usize = 12;

const BOLD: Style = Style::new().bold();

/// How a table is shown.
#[derive(Debug, Default)]
pub(super) struct Look<'w> {
    /// The room for a line, if it is limited.
    pub width: Option<u16>,
    /// With bold and colours.
    pub styles: bool,
    /// These words in bold, in the texts below the header; only with styles.
    pub marks: Option<&'w Words>,
    /// On a terminal, the time from which ages are told.
    pub now: Option<DateTime<Utc>>,
}

/// The rows under their header, line by line; their cells are printable. If they are wider than the room, they lose in
/// this order: the length of times, then columns of times starting with the last, then the ends of texts (the widest
/// first), then columns starting with the last. The first column is never cut.
pub(super) fn lines(columns: &[Column], rows: Vec<Vec<String>>, look: &Look<'_>) -> Vec<String> {
    let mut layout = Layout::new(columns, rows, look);
    if let Some(width) = look.width {
        layout.fit(width.into());
    }
    layout.lines()
}

/// A column with its cells, the header first.
struct ColumnCells {
    column: Column,
    cells: Vec<String>,
    width: usize,
}

impl ColumnCells {
    fn measure(&mut self) {
        self.width = self.cells.iter().map(|cell| cell.width()).max().unwrap_or(0);
    }
}

struct Layout<'l> {
    strips: Vec<ColumnCells>,
    look: &'l Look<'l>,
    /// The times of each column of times, in the order of these columns.
    times: Vec<Vec<String>>,
}

impl<'l> Layout<'l> {
    fn new(columns: &[Column], rows: Vec<Vec<String>>, look: &'l Look<'l>) -> Self {
        let mut strips: Vec<ColumnCells> = columns
            .iter()
            .map(|column| ColumnCells { column: *column, cells: vec![column.name.to_owned()], width: 0 })
            .collect();
        for row in rows {
            for (strip, cell) in strips.iter_mut().zip(row) {
                strip.cells.push(cell);
            }
        }
        let mut times = Vec::new();
        for strip in &mut strips {
            if strip.column.kind == Kind::Time {
                let shown = strip.cells[1..].iter().map(|cell| strip.column.in_table(cell, look.now));
                let shown = std::iter::once(strip.cells[0].clone()).chain(shown).collect();
                times.push(std::mem::replace(&mut strip.cells, shown));
            }
            strip.measure();
        }
        Self { strips, look, times }
    }

    fn width(&self) -> usize {
        self.strips.iter().map(|strip| strip.width + GAP.len()).sum::<usize>().saturating_sub(GAP.len())
    }

    fn fit(&mut self, width: usize) {
        if self.width() > width {
            self.shorten_times();
        }
        while self.width() > width
            && let Some(last) = self.strips.iter().rposition(|strip| strip.column.kind == Kind::Time)
        {
            self.strips.remove(last);
        }
        self.cut_texts(width);
        while self.width() > width && self.strips.len() > 1 {
            self.strips.pop();
            self.cut_texts(width);
        }
    }

    /// Shortens each time to its day, or its age in short.
    fn shorten_times(&mut self) {
        let of_times = self.strips.iter_mut().filter(|strip| strip.column.kind == Kind::Time);
        for (strip, times) in of_times.zip(&self.times) {
            for (cell, time) in strip.cells.iter_mut().zip(times).skip(1) {
                *cell = strip.column.in_short(time, self.look.now);
            }
            strip.measure();
        }
    }

    /// Cuts the widest text until the table fits or no text is wider than [`SHORTEST`].
    fn cut_texts(&mut self, width: usize) {
        let cut = |strip: &&mut ColumnCells| strip.column.kind == Kind::Text && strip.width > SHORTEST;
        let mut over = self.width().saturating_sub(width);
        while over > 0 {
            let Some(widest) = self.strips.iter_mut().skip(1).filter(cut).max_by_key(|strip| strip.width) else {
                return;
            };
            widest.width -= 1;
            over -= 1;
        }
    }

    fn lines(&self) -> Vec<String> {
        let rows = self.strips.first().map_or(0, |strip| strip.cells.len());
        let mut lines: Vec<String> = (0..rows).map(|at| self.line(at)).collect();
        let rule = "─".repeat(self.width());
        lines.insert(1, if self.look.styles { styled(&rule, Signal::Quiet.style()) } else { rule });
        lines
    }

    fn line(&self, at: usize) -> String {
        // The mark that text from left to right goes on. On terminals that know directions, it keeps text from right to
        // left from taking the numbers and columns after it along; it takes no room.
        const LEFT_TO_RIGHT: char = '\u{200e}';
        let mut line = String::new();
        let mut turns = false;
        for (position, ColumnCells { column, cells, width }) in self.strips.iter().enumerate() {
            if position > 0 {
                line.push_str(GAP);
            }
            let cell = cut(&cells[at], *width);
            let padding = " ".repeat(width.saturating_sub(cell.width()));
            let mut shown = self.styled(*column, at == 0, &cell).into_owned();
            if self.look.now.is_some() && cell.contains(is_right_to_left) {
                shown.push(LEFT_TO_RIGHT);
                turns = true;
            }
            match column.kind {
                Kind::Number => line.extend([&*padding, &*shown]),
                Kind::Text | Kind::Time => line.extend([&*shown, &*padding]),
            }
        }
        line.truncate(line.trim_end().len());
        if turns {
            line.insert(0, LEFT_TO_RIGHT);
        }
        line
    }

    /// A cell in its style.
    fn styled<'c>(&self, column: Column, is_header: bool, cell: &'c str) -> Cow<'c, str> {
        let Look { styles: true, marks, .. } = self.look else { return cell.into() };
        if is_header {
            return styled(cell, BOLD).into();
        }
        match (column.signal(cell), marks) {
            (Some(signal), _) => styled(cell, signal.style()).into(),
            (None, Some(words)) if column.kind == Kind::Text => marked(cell, words).into(),
            _ => cell.into(),
        }
    }
}

/// Whether a character belongs to a script that is written from right to left, such as Hebrew and Arabic.
fn is_right_to_left(character: char) -> bool {
    matches!(
        character,
        '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}' | '\u{10800}'..='\u{10fff}'
            | '\u{1e800}'..='\u{1efff}'
    )
}

/// The text, with these words in bold.
fn marked(text: &str, words: &Words) -> String {
    let mut marked = String::new();
    let mut after = 0;
    for found in words.found_in(text) {
        marked.push_str(&text[after..found.start]);
        marked.push_str(&styled(&text[found.clone()], BOLD));
        after = found.end;
    }
    marked + &text[after..]
}

/// The text, cut to leave room for an ellipsis if it is too wide, and never within what is one character to a person.
pub fn cut(text: &str, width: usize) -> Cow<'_, str> {
    if text.width() <= width {
        return text.into();
    }
    let mut left = width.saturating_sub(1);
    let fits = |character: &&str| left.checked_sub(character.width()).map(|rest| left = rest).is_some();
    let kept: String = text.graphemes(true).take_while(fits).collect();
    (kept + "…").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column] = &[
        Column::number("id"),
        Column::text("name"),
        Column::text("source"),
        Column::number("version"),
        Column::moment("created"),
        Column::moment("updated"),
    ];

    fn within(width: u16) -> Look<'static> {
        Look { width: Some(width), ..Look::default() }
    }

    /// A line without styles.
    fn plain(line: &str) -> String {
        anstream::adapter::strip_str(line).to_string()
    }

    fn rows() -> Vec<Vec<String>> {
        let row = |id: &str, name: &str, source: &str| {
            [id, name, source, "1", "2026-01-31T23:59:59Z", "2026-02-28T23:59:59Z"].map(str::to_owned).to_vec()
        };
        vec![
            row("1", "To do", "notes/to-do.md"),
            row("1000", "a name that is longer than the others", "a/path/that/leads/very/far/down/to-do.md"),
            row("7", "漢字漢字漢字漢字漢字漢字漢字", "🦀🦀🦀🦀🦀🦀🦀🦀🦀"),
        ]
    }

    #[test]
    fn a_record_takes_one_line_at_any_width() {
        for width in 1..=200 {
            let lines = lines(COLUMNS, rows(), &within(width));
            assert_eq!(lines.len(), 5, "{lines:#?}");
            // The ids are never cut.
            let most = usize::from(width).max(4);
            assert!(lines.iter().all(|line| line.width() <= most), "{width}: {lines:#?}");
            assert!(lines[3].starts_with("1000"), "{lines:#?}");
        }
    }

    #[test]
    fn words_are_marked_without_moving_the_columns() {
        let words: Words = "name do".parse().unwrap();
        let unmarked = lines(COLUMNS, rows(), &within(60));
        let marked = lines(COLUMNS, rows(), &Look { marks: Some(&words), styles: true, ..within(60) });
        assert!(marked[2].contains("To \u{1b}[1mdo\u{1b}[0m"), "{marked:#?}");
        assert_eq!(marked.iter().map(|line| plain(line)).collect::<Vec<_>>(), unmarked);
    }

    #[test]
    fn what_is_too_wide_is_lost_in_order() {
        let header = |width| lines(COLUMNS, rows(), &within(width))[0].split_whitespace().collect::<Vec<_>>().join(" ");
        let row = |width| lines(COLUMNS, rows(), &within(width))[3].clone();
        let natural = lines(COLUMNS, rows(), &Look::default());
        let width = |lines: &[String]| u16::try_from(lines.iter().map(|line| line.width()).max().unwrap()).unwrap();
        let whole = width(&natural);
        assert_eq!(lines(COLUMNS, rows(), &within(whole)), natural);
        assert!(row(whole - 1).ends_with("2026-01-31  2026-02-28"), "{}", row(whole - 1));
        assert!(row(whole - 12).ends_with("2026-01-31  2026-02-28"));
        assert_eq!(header(whole - 13), "id name source version created");
        assert_eq!(header(whole - 12 - 12 - 1), "id name source version");
        assert!(row(80).contains('…'), "{}", row(80));
        assert_eq!(header(80), "id name source version");
        assert_eq!(header(32), "id name source");
        assert_eq!(header(10), "id");
    }

    #[test]
    fn colours_mean_something_and_move_no_column() {
        const SEEN: &[Column] = &[
            Column::text("status").signals(&[("public", Signal::Good), ("private", Signal::Attention)]),
            Column::text("name"),
            Column::moment("updated"),
        ];
        let row = |status: &str| [status, "public", "2026-01-31T23:59:59Z"].map(str::to_owned).to_vec();
        let rows = || vec![row("public"), row("private"), row("")];
        let coloured = lines(SEEN, rows(), &Look { styles: true, ..Look::default() });
        assert_eq!(coloured.iter().map(|line| plain(line)).collect::<Vec<_>>(), lines(SEEN, rows(), &Look::default()));
        assert!(coloured[0].starts_with("\u{1b}[1mstatus\u{1b}[0m"), "{coloured:#?}");
        assert!(coloured[2].starts_with("\u{1b}[32mpublic\u{1b}[0m   public  \u{1b}[2m2026"), "{coloured:#?}");
        assert!(coloured[3].starts_with("\u{1b}[33mprivate\u{1b}[0m  public"), "{coloured:#?}");
    }

    #[test]
    fn a_terminal_tells_ages_and_short_of_room_in_short() {
        let now = "2026-03-01T23:59:59Z".parse().ok();
        let at = |width| lines(COLUMNS, rows(), &Look { now, width, ..Look::default() });
        assert!(at(None)[2].ends_with("1  29 days ago  1 day ago"), "{:#?}", at(None));
        let whole = u16::try_from(at(None)[1].width()).unwrap();
        let short = at(Some(whole - 1));
        assert!(short[2].ends_with("1  29d      1d") && short[0].ends_with("created  updated"), "{short:#?}");
    }

    #[test]
    fn combining_wide_and_right_to_left_text_keeps_the_columns_where_they_are() {
        const NAMED: &[Column] = &[Column::number("id"), Column::text("name"), Column::number("stars")];
        // With combining marks, of two cells a character, joined emoji, a flag, a script with vowel signs, right to left.
        let names =
            ["Ada", "Zoe\u{308} Ra\u{308}tsel", "漢字かな", "👩‍👩‍👧 family", "🇪🇹 flag", "हिन्दी", "שלום 7", "مرحبا بالعالم"];
        let row = |name: &&str| ["1", *name, "42"].map(str::to_owned).to_vec();
        let now = "2026-03-01T23:59:59Z".parse().ok();
        for width in [None, Some(80), Some(24)] {
            let lines = lines(NAMED, names.iter().map(row).collect(), &Look { width, now, ..Look::default() });
            let stars = lines[0].width();
            for line in lines.iter().skip(2) {
                // The cells up to the end of the number, whatever the characters are.
                assert!(line.ends_with("42") && line.width() == stars, "{width:?}: {lines:#?}");
            }
        }
        let shown = lines(NAMED, vec![row(&"שלום 7")], &Look { now, ..Look::default() });
        assert_eq!(shown[2], "\u{200e} 1  שלום 7\u{200e}     42");
        // In a file there are no marks.
        assert_eq!(lines(NAMED, vec![row(&"שלום 7")], &Look::default())[2], " 1  שלום 7     42");
        // What a person takes for one character is not cut in two.
        assert_eq!(cut("👩‍👩‍👧👩‍👩‍👧", 3), "👩‍👩‍👧…");
        assert_eq!(cut("e\u{301}e\u{301}e\u{301}", 2), "e\u{301}…");
    }
}
