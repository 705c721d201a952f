//! A table for a terminal: columns under a header, and each record on one line, at any width.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use anstyle::Style;
use folio::services::search::Words;

use super::{Column, Kind};

/// The space between two columns.
const GAP: &str = "  ";

/// Texts are not cut below this width: columns are left out instead.
const SHORTEST: usize = 12;

/// The rows under their header, line by line. If they are wider than `width`, they lose in this order: the hours of
/// times, then columns of times starting with the last, then the ends of texts (the widest first), then columns
/// starting with the last. The first column is never cut. These words are in bold, in the texts below the header.
pub(super) fn lines(
    columns: &[Column],
    rows: Vec<Vec<String>>,
    width: Option<u16>,
    marks: Option<&Words>,
) -> Vec<String> {
    let mut layout = Layout::new(columns, rows);
    if let Some(width) = width {
        layout.fit(width.into());
    }
    layout.lines(marks)
}

/// A column with its cells, the header first.
struct ColumnCells {
    kind: Kind,
    cells: Vec<String>,
    width: usize,
}

impl ColumnCells {
    fn measure(&mut self) {
        self.width = self.cells.iter().map(|cell| cell.width()).max().unwrap_or(0);
    }
}

struct Layout(Vec<ColumnCells>);

impl Layout {
    fn new(columns: &[Column], rows: Vec<Vec<String>>) -> Self {
        let mut strips: Vec<ColumnCells> = columns
            .iter()
            .map(|column| ColumnCells { kind: column.kind, cells: vec![column.name.to_owned()], width: 0 })
            .collect();
        for row in rows {
            for (strip, cell) in strips.iter_mut().zip(row) {
                strip.cells.push(cell);
            }
        }
        strips.iter_mut().for_each(ColumnCells::measure);
        Self(strips)
    }

    fn width(&self) -> usize {
        self.0.iter().map(|strip| strip.width + GAP.len()).sum::<usize>().saturating_sub(GAP.len())
    }

    fn fit(&mut self, width: usize) {
        if self.width() > width {
            self.shorten_times();
        }
        while self.width() > width
            && let Some(last) = self.0.iter().rposition(|strip| strip.kind == Kind::Time)
        {
            self.0.remove(last);
        }
        self.cut_texts(width);
        while self.width() > width && self.0.len() > 1 {
            self.0.pop();
            self.cut_texts(width);
        }
    }

    /// Shortens each time to its day.
    fn shorten_times(&mut self) {
        const DAY: usize = "2026-01-31".len();
        for strip in self.0.iter_mut().filter(|strip| strip.kind == Kind::Time) {
            // The header cell is shorter.
            strip.cells.iter_mut().for_each(|cell| cell.truncate(DAY.min(cell.len())));
            strip.measure();
        }
    }

    /// Cuts the widest text until the table fits or no text is wider than [`SHORTEST`].
    fn cut_texts(&mut self, width: usize) {
        let cut = |strip: &&mut ColumnCells| strip.kind == Kind::Text && strip.width > SHORTEST;
        let mut over = self.width().saturating_sub(width);
        while over > 0 {
            let Some(widest) = self.0.iter_mut().skip(1).filter(cut).max_by_key(|strip| strip.width) else { return };
            widest.width -= 1;
            over -= 1;
        }
    }

    fn lines(&self, marks: Option<&Words>) -> Vec<String> {
        let mut lines: Vec<String> = (0..self.0.first().map_or(0, |strip| strip.cells.len()))
            .map(|at| self.line(at, marks.filter(|_| at > 0)))
            .collect();
        lines.insert(1, "─".repeat(self.width()));
        lines
    }

    fn line(&self, at: usize, marks: Option<&Words>) -> String {
        let mut line = String::new();
        for (position, ColumnCells { kind, cells, width }) in self.0.iter().enumerate() {
            if position > 0 {
                line.push_str(GAP);
            }
            let cell = cut(&cells[at], *width);
            let padding = " ".repeat(width.saturating_sub(cell.width()));
            let cell = match marks {
                Some(words) if *kind == Kind::Text => marked(&cell, words).into(),
                _ => cell,
            };
            match kind {
                Kind::Number => line.extend([&*padding, &*cell]),
                Kind::Text | Kind::Time => line.extend([&*cell, &*padding]),
            }
        }
        line.truncate(line.trim_end().len());
        line
    }
}

/// The text, with these words in bold.
fn marked(text: &str, words: &Words) -> String {
    const BOLD: Style = Style::new().bold();
    let mut marked = String::new();
    let mut after = 0;
    for found in words.found_in(text) {
        let (before, word) = (&text[after..found.start], &text[found.clone()]);
        marked.push_str(&format!("{before}{BOLD}{word}{BOLD:#}"));
        after = found.end;
    }
    marked + &text[after..]
}

/// The text, cut to leave room for an ellipsis if it is too wide.
fn cut(text: &str, width: usize) -> std::borrow::Cow<'_, str> {
    if text.width() <= width {
        return text.into();
    }
    let mut left = width.saturating_sub(1);
    let fits = |character: &char| {
        let wide = character.width().unwrap_or(0);
        left.checked_sub(wide).map(|rest| left = rest).is_some()
    };
    let kept: String = text.chars().take_while(fits).collect();
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

    fn rows() -> Vec<Vec<String>> {
        let row = |id: &str, name: &str, source: &str| {
            [id, name, source, "1", "2026-01-31 23:59", "2026-02-28 23:59"].map(str::to_owned).to_vec()
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
            let lines = lines(COLUMNS, rows(), Some(width), None);
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
        let plain = lines(COLUMNS, rows(), Some(60), None);
        let marked = lines(COLUMNS, rows(), Some(60), Some(&words));
        assert_eq!(marked[0], plain[0]);
        assert!(marked[2].contains("To \u{1b}[1mdo\u{1b}[0m"), "{marked:#?}");
        let without: Vec<String> =
            marked.iter().map(|line| line.replace("\u{1b}[1m", "").replace("\u{1b}[0m", "")).collect();
        assert_eq!(without, plain);
    }

    #[test]
    fn what_is_too_wide_is_lost_in_order() {
        let header =
            |width| lines(COLUMNS, rows(), Some(width), None)[0].split_whitespace().collect::<Vec<_>>().join(" ");
        let row = |width| lines(COLUMNS, rows(), Some(width), None)[3].clone();
        let natural = lines(COLUMNS, rows(), None, None);
        let width = |lines: &[String]| u16::try_from(lines.iter().map(|line| line.width()).max().unwrap()).unwrap();
        let whole = width(&natural);
        assert_eq!(lines(COLUMNS, rows(), Some(whole), None), natural);
        assert!(row(whole - 1).ends_with("2026-01-31  2026-02-28"), "{}", row(whole - 1));
        assert!(row(whole - 12).ends_with("2026-01-31  2026-02-28"));
        assert_eq!(header(whole - 13), "id name source version created");
        assert_eq!(header(whole - 12 - 12 - 1), "id name source version");
        assert!(row(80).contains('…'), "{}", row(80));
        assert_eq!(header(80), "id name source version");
        assert_eq!(header(32), "id name source");
        assert_eq!(header(10), "id");
    }
}
