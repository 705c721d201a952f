//! The picture as SVG.

use std::fmt::Write as _;

use super::layers::Graph;
use super::place::Places;
use super::relation::{Relation, is_optional, marks, relations};
use crate::schema::{Schema, Table};

/// The height of a line of text.
const ROW: f64 = 18.0;
const HEADER: f64 = 26.0;
const PADDING: f64 = 10.0;
/// The width that a character takes up at most in any usual monospaced font of this size.
const CELL: f64 = 7.5;
/// Longer names and types are cut, and are whole in what the pointer shows.
const LONGEST: usize = 36;

const STYLE: &str = "\
text { font: 12px ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace; white-space: pre; fill: #1f2328 }
.name { font-weight: bold }
.soft { fill: #57606a }
.paper { fill: #ffffff }
.box { fill: #f6f8fa; stroke: #57606a }
.head { fill: #dde7f3; stroke: #57606a }
.relation { fill: none; stroke: #57606a; stroke-width: 1.3 }
.end { fill: #ffffff; stroke: #57606a; stroke-width: 1.3 }
.relation:hover { stroke-width: 3 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .soft { fill: #9ba4ae }
  .paper { fill: #0d1117 }
  .box { fill: #161b22; stroke: #8b949e }
  .head { fill: #263347; stroke: #8b949e }
  .relation { stroke: #8b949e }
  .end { fill: #0d1117; stroke: #8b949e }
}
";

/// The ends of lines, drawn for a line that arrives from the left.
const ENDS: [(&str, &str); 4] = [
    ("one", "M7 2V12M11 2V12"),
    ("perhaps-one", "M12 2V12M8 7A3 3 0 1 1 2 7A3 3 0 1 1 8 7"),
    ("many", "M7 7L16 1M7 7L16 13M7 7A3 3 0 1 1 1 7A3 3 0 1 1 7 7"),
    ("at-most-one", "M12 2V12M8 7A3 3 0 1 1 2 7A3 3 0 1 1 8 7"),
];

/// A table's texts and measures.
struct Card<'s> {
    table: &'s Table,
    rows: Vec<[String; 3]>,
    widths: [f64; 3],
}

pub(super) fn write(schema: &Schema) -> String {
    let cards: Vec<Card<'_>> = schema.tables.iter().map(Card::of).collect();
    let index = |name: &str| schema.tables.iter().position(|table| table.name == name);
    let drawn: Vec<(Relation<'_>, usize, usize)> = relations(schema)
        .into_iter()
        .filter_map(|relation| {
            let (parent, child) = (index(&relation.key.table)?, index(&relation.child.name)?);
            Some((relation, parent, child))
        })
        .collect();
    let graph = Graph {
        sizes: cards.iter().map(Card::size).collect(),
        edges: drawn.iter().map(|(_, parent, child)| (*parent, *child)).collect(),
    };
    let places = Places::of(&graph);
    let (width, height) = (places.width, places.height);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" role=\"img\">\n<title>Tables and their relations</title>\n\
         <style>\n{STYLE}</style>\n<defs>\n"
    );
    for (name, path) in ENDS {
        let _ = writeln!(
            svg,
            "<marker id=\"{name}\" markerWidth=\"18\" markerHeight=\"14\" refX=\"16\" refY=\"7\" \
             markerUnits=\"userSpaceOnUse\" orient=\"auto-start-reverse\"><path class=\"end\" d=\"{path}\"/></marker>"
        );
    }
    svg += "</defs>\n<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n";
    for (number, (relation, parent, child)) in drawn.iter().enumerate() {
        let row = |table: usize, columns: &[String]| {
            let column = columns
                .first()
                .and_then(|name| cards[table].table.columns.iter().position(|column| column.name == *name));
            places.tables[table].1 + column.map_or(HEADER / 2.0, |row| HEADER + ROW * (row as f64 + 0.5))
        };
        let sides = |table: usize| (places.tables[table].0, places.tables[table].0 + graph.sizes[table].0);
        let from = (sides(*parent), row(*parent, &relation.key.references));
        let to = (sides(*child), row(*child, &relation.key.columns));
        svg += &line(relation, from, to, &places.lanes[number]);
    }
    for (card, (left, top)) in cards.iter().zip(&places.tables) {
        card.draw(*left, *top, &mut svg);
    }
    svg + "</svg>\n"
}

/// The left and right side of a table, and the height of a row.
type End = ((f64, f64), f64);

/// A line from a table to one that refers to it.
fn line(relation: &Relation<'_>, parent: End, child: End, lanes: &[(f64, f64, f64)]) -> String {
    let parent_end = if relation.optional { "perhaps-one" } else { "one" };
    let child_end = if relation.single { "at-most-one" } else { "many" };
    let itself = relation.child.name == relation.key.table;
    // From left to right, unless a cycle of tables turns it round.
    let parent_first = parent.0.0 < child.0.0;
    let ((left, left_end), (right, right_end)) = if parent_first {
        ((parent, parent_end), (child, child_end))
    } else {
        ((child, child_end), (parent, parent_end))
    };
    let (mut x, mut y) = (left.0.1, left.1);
    let mut path = format!("M{x:.0} {y:.0}");
    if itself {
        let (out, down) = (x + 38.0, right.1);
        let _ = write!(path, "C{out:.0} {y:.0} {out:.0} {down:.0} {x:.0} {down:.0}");
    } else {
        for (enters, leaves, lane) in lanes.iter().copied().chain([(right.0.0, right.0.0, right.1)]) {
            let middle = f64::midpoint(x, enters);
            let _ = write!(path, "C{middle:.0} {y:.0} {middle:.0} {lane:.0} {enters:.0} {lane:.0}H{leaves:.0}");
            (x, y) = (leaves, lane);
        }
    }
    let about = format!(
        "{} ({}) → {} ({})",
        relation.child.name,
        relation.key.columns.join(", "),
        relation.key.table,
        relation.key.references.join(", ")
    );
    format!(
        "<path class=\"relation\" d=\"{path}\" marker-start=\"url(#{left_end})\" marker-end=\"url(#{right_end})\">\
         <title>{}</title></path>\n",
        text(&about)
    )
}

impl<'s> Card<'s> {
    fn of(table: &'s Table) -> Self {
        let rows: Vec<[String; 3]> = table
            .columns
            .iter()
            .map(|column| {
                let optional = if is_optional(table, column) { "?" } else { "" };
                [marks(table, &column.name).join(" "), column.name.clone(), format!("{}{optional}", column.sql_type)]
            })
            .collect();
        let widest = |part: usize| rows.iter().map(|row| cells(&cut(&row[part]))).max().unwrap_or(0) as f64 * CELL;
        let mut widths = [widest(0), widest(1), widest(2)];
        let header = cells(&cut(&table.name)) as f64 * CELL;
        // The types' part grows to the width of the name.
        widths[2] = widths[2].max(header - widths[0] - widths[1] - 2.0 * PADDING);
        Self { table, rows, widths }
    }

    fn size(&self) -> (f64, f64) {
        let width = self.widths.iter().sum::<f64>() + 4.0 * PADDING;
        (width.ceil(), HEADER + ROW * self.rows.len() as f64 + 4.0)
    }

    fn draw(&self, left: f64, top: f64, svg: &mut String) {
        let (width, height) = self.size();
        let _ = writeln!(svg, "<g transform=\"translate({left:.0} {top:.0})\">");
        let _ = writeln!(svg, "<rect class=\"box\" width=\"{width:.0}\" height=\"{height:.0}\" rx=\"4\"/>");
        let _ = writeln!(svg, "<rect class=\"head\" width=\"{width:.0}\" height=\"{HEADER:.0}\" rx=\"4\"/>");
        word(svg, "name", (PADDING, 17.0), &self.table.name);
        for (number, row) in self.rows.iter().enumerate() {
            let line = HEADER + ROW * number as f64 + 14.0;
            let mut start = PADDING;
            for ((class, part), width) in ["soft", "column", "soft"].into_iter().zip(row).zip(self.widths) {
                if !part.is_empty() {
                    word(svg, class, (start, line), part);
                }
                start += width + PADDING;
            }
        }
        svg.push_str("</g>\n");
    }
}

/// A text on one line; if it is cut, the pointer shows the whole.
fn word(svg: &mut String, class: &str, (x, y): (f64, f64), whole: &str) {
    let shown = cut(whole);
    let title = if shown == whole { String::new() } else { format!("<title>{}</title>", text(whole)) };
    let _ = writeln!(svg, "<text class=\"{class}\" x=\"{x:.0}\" y=\"{y:.0}\">{title}{}</text>", text(&shown));
}

/// At most [`LONGEST`] cells of the text.
fn cut(text: &str) -> String {
    if cells(text) <= LONGEST {
        return text.to_owned();
    }
    let mut room = LONGEST - 1;
    let fits = |character: &char| {
        let width = cell(*character);
        let fits = width <= room;
        room = room.saturating_sub(width);
        fits
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

fn cells(text: &str) -> usize {
    text.chars().map(cell).sum()
}

/// How many cells a character takes up: two from the first scripts with wide ones on.
fn cell(character: char) -> usize {
    if u32::from(character) < 0x1100 { 1 } else { 2 }
}

/// A text in XML, which has no word for control characters.
fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            control if control.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}
