//! `folio stats`: the numbers of records, as bars on a terminal.

use std::borrow::Cow;

use clap::Args;
use serde::Serialize;
use unicode_width::UnicodeWidthStr as _;

use super::drawing;
use super::globals::{AskedFormat, Globals};
use super::output::{self, Column, Format, Place, Record, printable, with_columns};
use folio::services::stats::{self, Section};

const STATS: &str = "\
Examples:
  folio stats
  folio stats --most 3
  folio stats --format svg > records.svg          a picture, for a page
  folio stats --format json | jq -r '.[] | select(.section == \"language\") | .name'

Prints how many records there are of each kind, how many repositories by status, language and owner,
and how many records were added in each month. A table has bars, the longest for the greatest number
of its section, and so has the picture of 'svg'; other formats have a line per number.
Columns: {columns}.";

#[derive(Debug, Args)]
#[command(after_help = with_columns::<Row<'_>>(STATS))]
pub(super) struct Stats {
    /// Maximum number of lines per section: the greatest numbers, and the last months
    #[arg(long, value_name = "N", default_value = "10", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    most: u32,
}

/// A number of a section.
#[derive(Serialize)]
struct Row<'s> {
    section: &'s str,
    name: Option<&'s str>,
    count: u64,
}

impl Record for Row<'_> {
    const COLUMNS: &'static [Column] = &[Column::text("section"), Column::text("name"), Column::number("count")];

    fn cells(&self) -> Vec<Option<Cow<'_, str>>> {
        vec![Some(self.section.into()), self.name.map(Into::into), Some(self.count.to_string().into())]
    }

    fn json(&self) -> impl Serialize {
        self
    }
}

pub(super) fn run(globals: &Globals, Stats { most }: &Stats) -> anyhow::Result<()> {
    let database = globals.open_to_read()?;
    let sections = database.named("stats").read(|session| stats::sections(session, *most))?;
    if globals.asked_format == Some(AskedFormat::Svg) {
        return Ok(output::write(&drawing::svg(&sections))?);
    }
    if globals.format_here() == Format::Table {
        let width = match Place::of_stdout() {
            Place::Terminal { width: Some(width) } => width.into(),
            _ => 80,
        };
        return Ok(output::write(&bars(&sections, width))?);
    }
    let mut listing = globals.listing();
    for Section { section, shares } in &sections {
        for share in shares {
            listing.push(&Row { section, name: share.name.as_deref(), count: share.count })?;
        }
    }
    Ok(listing.finish()?)
}

/// Each section that has numbers, with bars that fit into `width` characters.
fn bars(sections: &[Section], width: usize) -> String {
    let mut shown = String::new();
    for Section { section, shares } in sections.iter().filter(|section| !section.shares.is_empty()) {
        if !shown.is_empty() {
            shown.push('\n');
        }
        shown.push_str(&format!("{section}\n"));
        let names: Vec<Cow<'_, str>> =
            shares.iter().map(|share| share.name.as_deref().map_or("(not known)".into(), printable)).collect();
        let counts: Vec<String> = shares.iter().map(|share| share.count.to_string()).collect();
        let wide = names.iter().map(|name| name.width()).max().unwrap_or(0);
        let digits = counts.iter().map(String::len).max().unwrap_or(0);
        let room = width.saturating_sub(wide + digits + 6);
        let greatest = shares.iter().map(|share| share.count).max().unwrap_or(0).max(1);
        for ((name, count), share) in names.iter().zip(&counts).zip(shares) {
            let padding = " ".repeat(wide - name.width());
            let line = format!("  {name}{padding}  {count:>digits$}  {}", bar(share.count, greatest, room));
            shown.push_str(line.trim_end());
            shown.push('\n');
        }
    }
    shown
}

/// A bar of eighths of characters, as long in `room` as the count is in the greatest; a count above zero is seen.
fn bar(count: u64, greatest: u64, room: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let room = u128::try_from(room).unwrap_or(0);
    let eighths = (u128::from(count) * room * 8).div_ceil(u128::from(greatest));
    let (whole, rest) = (eighths / 8, eighths % 8);
    let place = |number: u128| usize::try_from(number).unwrap_or(0);
    "█".repeat(place(whole)) + EIGHTHS[place(rest)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use folio::services::stats::Share;

    #[test]
    fn bars_are_in_proportion_and_fit_at_any_width() {
        let share = |name: Option<&str>, count| Share { name: name.map(str::to_owned), count };
        let shares = vec![share(Some("Rust"), 8), share(Some("漢字"), 4), share(None, 1), share(Some("none"), 0)];
        let sections = [
            Section { section: "language".to_owned(), shares },
            Section { section: "owner".to_owned(), shares: vec![] },
        ];
        for width in 0..200 {
            let shown = bars(&sections, width);
            assert!(shown.lines().all(|line| line.width() <= width.max(30)), "{width}: {shown}");
        }
        let shown = bars(&sections, 32);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines.len(), 5, "a section without numbers is left out: {shown}");
        assert_eq!(lines[1], "  Rust         8  ██████████████");
        assert_eq!(lines[2], "  漢字         4  ███████");
        assert_eq!(lines[3], "  (not known)  1  █▊");
        assert_eq!(lines[4], "  none         0");
        assert_eq!(bar(1, u64::MAX, 10), "▏");
        assert_eq!(bar(u64::MAX, u64::MAX, 10), "██████████");
    }
}
