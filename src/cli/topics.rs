//! Pages of the help that belong to no command, such as that of `folio help exit-codes`.

use clap::Subcommand;

use super::output;

const EXIT_CODES: &str = "\
The program ends with:
  0  done, also when the reader of a pipe went away
  1  failed; the reason is on standard error
  2  the command line cannot be understood; nothing was opened
  3  the database lacks migrations: run 'folio migrate up'
  4  no such record

'folio migrate check' and 'folio migrate diff' have their own meanings of 1 and 3: see their help.";

const ENVIRONMENT: &str = "\
The database:
  FOLIO_DATABASE_URL    its URL, unless --database-url names another
  DATABASE_URL          its URL, if neither does
The file .env of the current folder may set both, if the environment does not.

The history:
  FOLIO_AUTHOR          on whose behalf records are changed, in 'folio log' [default: the account,
                        by USER, LOGNAME or USERNAME]

Output:
  FOLIO_PAGER, PAGER    the program for output that is longer than the screen [default: less];
                        empty or 'cat' for none, as --no-pager
  COLUMNS               the width of tables, in place of the terminal's
  NO_COLOR              if it is set, nothing is in colours or in bold
  CLICOLOR_FORCE        if it is set, tables, messages and help are, in a pipe too

Settings:
  FOLIO_CONFIG          the file of the settings
  XDG_CONFIG_HOME       the folder of folio/config.toml [default: ~/.config]
An option comes before the environment, the environment before .env, .env before the settings:
  database-url = \"sqlite:///home/ada/folio.db\"   the database [default: sqlite://folio.db]
  format = \"json\"      how a terminal gets records; what a pipe gets does not depend on settings
  pager = \"less -S\"    the program for long output
  color = \"never\"      colours: auto, always or never
'folio config list' shows what is in effect and why, and 'folio config set' writes the file.

Other programs:
  VISUAL, EDITOR        the editor, for 'folio note edit' and 'folio resume edit' [default: vi]
  BROWSER               the browser, for 'folio open'
  TMPDIR                the folder of a text while it is edited";

const FORMATS: &str = "\
--format is one of these:
  table     columns under a header, fitted to the terminal; the default there
  tsv       a line per record, tabs between the fields; the default in a pipe. A tab, a line end and
            a backslash in a field are \\t, \\n, \\r and \\\\, other control characters as \\u{1b}
  csv       RFC 4180: commas, quotes where a field needs them, line ends of two characters
  json      one array, a record per line
  ndjson    a record per line
  markdown  a table of GitHub's Markdown

--header begins tsv and csv with the names of the columns. In csv, a cell that a spreadsheet would
take for a formula gets an apostrophe before it; --plain-formulas leaves it as it is. If a table is
wider than the terminal, times are shortened to days, then left out, then texts are cut with '…',
then the last columns are left out; the other formats always have everything. Times are in UTC.";

const PAGE: &str = "{about}{after-help}\n";

/// A topic of the help. As a command it prints its page.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(super) enum Topic {
    /// The exit codes of the program
    #[command(hide = true, help_template = PAGE, after_help = EXIT_CODES)]
    ExitCodes,
    /// The variables of the environment and the settings that the program reads
    #[command(hide = true, help_template = PAGE, after_help = ENVIRONMENT)]
    Environment,
    /// The formats of records
    #[command(hide = true, help_template = PAGE, after_help = FORMATS)]
    Formats,
}

pub(super) fn run(topic: Topic, mut program: clap::Command) -> anyhow::Result<()> {
    let name = match topic {
        Topic::ExitCodes => "exit-codes",
        Topic::Environment => "environment",
        Topic::Formats => "formats",
    };
    let page = program.find_subcommand_mut(name).map(|topic| topic.render_help().to_string());
    Ok(output::write(&page.unwrap_or_default())?)
}
