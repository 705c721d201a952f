//! Numbers as a picture: bars in SVG, for a page.

use std::fmt::Write as _;

use super::output::cut;
use folio::services::stats::Section;

/// The measures of the picture, in its own units.
const WIDTH: usize = 760;
const LINE: usize = 24;
const BAR: usize = 14;
/// Where bars begin, and the length of the longest.
const FROM: usize = 220;
const LONGEST: usize = 440;
/// The number of cells of a name that there is room for.
const CELLS: usize = 28;

/// Colours for light and dark pages.
const STYLE: &str = "\
text { font: 14px system-ui, sans-serif; fill: #1f2328 }
.section { font-weight: 600 }
.name { text-anchor: end }
.count { fill: #59636e }
rect { fill: #2a6f97 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .count { fill: #9198a1 }
  rect { fill: #61a5c2 }
}";

/// Each section that has numbers, with a bar for each, the longest for the greatest of its section.
pub(super) fn svg(sections: &[Section]) -> String {
    let mut shapes = String::new();
    let mut y = 0;
    for Section { section, shares } in sections.iter().filter(|section| !section.shares.is_empty()) {
        y += LINE * 3 / 2;
        add(&mut shapes, format_args!("<text class=\"section\" x=\"16\" y=\"{y}\">{}</text>\n", escaped(section)));
        let greatest = shares.iter().map(|share| share.count).max().unwrap_or(0).max(1);
        for share in shares {
            y += LINE;
            let name = share.name.as_deref().unwrap_or("(not known)");
            let length = length(share.count, greatest);
            add(
                &mut shapes,
                format_args!(
                    "<text class=\"name\" x=\"{}\" y=\"{y}\">{}</text>\
                     <rect x=\"{FROM}\" y=\"{}\" width=\"{length}\" height=\"{BAR}\" rx=\"2\"/>\
                     <text class=\"count\" x=\"{}\" y=\"{y}\">{}</text>\n",
                    FROM - 10,
                    escaped(&cut(name, CELLS)),
                    y - BAR + 2,
                    FROM + length + 8,
                    share.count
                ),
            );
        }
    }
    let height = y + LINE;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\">\n<title>Folio: records in numbers</title>\n<style>\n{STYLE}\n</style>\n\
         {shapes}</svg>\n"
    )
}

fn add(shapes: &mut String, shape: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = shapes.write_fmt(shape);
}

/// The length of a bar; a count above zero is seen.
fn length(count: u64, greatest: u64) -> usize {
    let longest = u128::try_from(LONGEST).unwrap_or(0);
    usize::try_from((u128::from(count) * longest).div_ceil(u128::from(greatest))).unwrap_or(LONGEST)
}

/// The text as XML has it. Characters that XML cannot have are replaced.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            control if control.is_control() || matches!(control, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use folio::services::stats::Share;

    #[test]
    fn names_are_text_whatever_is_in_them_and_bars_are_in_proportion() {
        let share = |name: Option<&str>, count| Share { name: name.map(str::to_owned), count };
        let shares = vec![
            share(Some("<script>alert(1)</script> & a name that goes on"), 8),
            share(Some("a\u{1b}b"), 1),
            share(None, 0),
        ];
        let empty = Section { section: "owner".to_owned(), shares: vec![] };
        let drawn = svg(&[Section { section: "language".to_owned(), shares }, empty]);
        assert!(
            !drawn.contains("<script") && drawn.contains(">&lt;script&gt;alert(1)&lt;/script&gt; &amp;…</text>"),
            "{drawn}"
        );
        assert!(drawn.contains(">a\u{fffd}b</text>") && drawn.contains(">(not known)</text>"), "{drawn}");
        for width in ["width=\"440\" height=\"14\"", "width=\"55\" height=\"14\"", "width=\"0\" height=\"14\""] {
            assert!(drawn.contains(width), "{drawn}");
        }
        assert!(!drawn.contains("owner"), "a section without numbers is left out: {drawn}");
        assert_eq!(length(u64::MAX, u64::MAX), LONGEST);
        assert_eq!(length(1, u64::MAX), 1);
    }
}
