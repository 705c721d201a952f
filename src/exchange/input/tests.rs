//! Tests of finding and opening inputs.

use tempfile::TempDir;

use super::super::record::Record;
use super::*;

const USER: &str = r#"{"login": "a", "id": 1}"#;

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("inside")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    folder
}

fn names(folder: &TempDir, format: Option<Format>) -> (Vec<String>, Vec<(String, &'static str)>) {
    let below = |path: &Path| path.strip_prefix(folder.path()).expect("below").display().to_string();
    let gathered = gather([folder.path()], format).expect("gathered");
    let inputs = gathered.inputs.iter().map(|input| below(Path::new(&input.name()))).collect();
    (inputs, gathered.skipped.iter().map(|skipped| (below(&skipped.path), skipped.reason)).collect())
}

#[test]
fn a_folder_gives_what_it_recognises_in_order_and_names_the_rest() {
    let folder = folder(&[
        ("b.json", USER),
        ("a/z.md", "text"),
        ("a/cv.JSON", r#"{"basics": {}}"#),
        ("c.ndjson", USER),
        ("d.txt", "text"),
        ("package.json", r#"{"name": "x"}"#),
        ("app.json", r#"{"id": 1, "slug": "a", "name": "x", "owner": {}, "permissions": {}, "events": []}"#),
        ("empty.json", ""),
        ("half.json", "[{\"login\": "),
        (".hidden.json", USER),
        (".git/config.json", USER),
    ]);
    let (inputs, skipped) = names(&folder, None);
    assert_eq!(inputs, ["a/cv.JSON", "a/z.md", "b.json", "c.ndjson", "half.json"]);
    assert_eq!(
        skipped,
        [
            ("app.json".to_owned(), "a GitHub record of another kind"),
            ("d.txt".to_owned(), "its file name belongs to no known format"),
            ("empty.json".to_owned(), "it is empty"),
            ("package.json".to_owned(), "JSON of another kind"),
        ]
    );
}

#[test]
fn a_forced_format_takes_the_files_whose_names_fit() {
    let folder = folder(&[("a.json", "{}"), ("b.md", "text")]);
    assert_eq!(names(&folder, Some(Format::JsonResume)).0, ["a.json"]);
    assert_eq!(names(&folder, Some(Format::Markdown)).0, ["b.md"]);
}

#[cfg(unix)]
#[test]
fn links_to_files_are_read_and_links_to_folders_lead_nowhere() {
    let folder = folder(&[("sub/a.md", "text")]);
    let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, folder.path().join(name)).expect("a link");
    link("..", "sub/loop");
    link("a.md", "sub/b.md");
    link("nowhere.md", "sub/c.md");
    let (inputs, skipped) = names(&folder, None);
    assert_eq!(inputs, ["sub/a.md"]);
    let reason = "a broken symbolic link";
    let other_path = ("sub/b.md".to_owned(), "another path to a file that is read");
    assert_eq!(skipped, [("sub/c.md".to_owned(), reason), ("sub/loop".to_owned(), reason), other_path]);
}

#[test]
fn a_named_file_is_taken_unseen_and_a_missing_one_is_an_error() {
    let folder = folder(&[("d.txt", "text")]);
    let path = folder.path().join("d.txt");
    let gathered = gather([&path, &path], None).expect("gathered");
    assert_eq!(gathered.inputs, [Input::file(&path, None)], "once");
    let error = gathered.inputs[0].open().expect_err("no format").to_string();
    assert!(error.contains("d.txt: neither its name nor its content tells the format"), "{error}");
    assert!(Input::file(&path, Some(Format::Markdown)).open().is_ok());

    let error = gather([folder.path().join("gone.json")], None).expect_err("missing");
    assert!(matches!(&error, Error::Io { path, .. } if path.ends_with("gone.json")), "{error}");
}

#[test]
fn a_dash_is_standard_input_and_is_read_once() {
    let gathered = gather(["-", "-"], None).expect("gathered");
    assert_eq!(gathered.inputs, [Input::stdin(None)]);
    assert_eq!(gathered.inputs[0].name(), "standard input");
    assert_eq!((gathered.inputs[0].source().expect("a source"), gathered.inputs[0].size()), (None, None));
}

#[cfg(unix)]
#[test]
fn what_a_folder_holds_and_cannot_be_read_is_taken_so_that_opening_it_says_why() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder(&[("a.md", "text"), ("b/c.json", USER), ("d.json", USER)]);
    let close = |name: &str, mode| {
        fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(mode)).expect("set");
    };
    close("b", 0o000);
    close("d.json", 0o000);
    // Permissions do not restrict root.
    let binds = File::open(folder.path().join("d.json")).is_err();
    let inputs = gather([folder.path()], None).expect("gathered").inputs;
    assert_eq!(inputs.len(), 3);
    assert!(inputs.iter().all(Input::is_from_folder));
    assert_eq!(inputs.iter().filter(|input| input.open().is_err()).count(), if binds { 2 } else { 0 });
    close("b", 0o755);
}

#[cfg(unix)]
#[test]
fn one_file_is_one_input_whatever_paths_lead_to_it() {
    let folder = folder(&[("n/c.md", "text")]);
    std::os::unix::fs::symlink("n", folder.path().join("m")).expect("a link");
    let path = |name: &str| folder.path().join(name);
    let gathered = gather([path("n/c.md"), path("m/c.md"), path("n/../n/c.md"), path("n")], None).expect("gathered");
    assert_eq!(gathered.inputs, [Input::file(path("n/c.md"), None)]);
    let reason = "another path to a file that is read";
    assert_eq!(gathered.skipped, [Skipped { path: path("n/c.md"), reason }]);
}

#[test]
fn an_opened_file_tells_its_format_its_records_and_its_progress() {
    let text = format!("[{USER}, {USER}]");
    let folder = folder(&[("a.json", &text)]);
    let mut reader = Input::file(folder.path().join("a.json"), None).open().expect("opened");
    let progress = reader.progress();
    assert_eq!((reader.format(), progress.total()), (Format::Github, Some(text.len() as u64)));
    assert_eq!(
        reader.by_ref().filter(|record| matches!(record, Ok(at) if matches!(at.value, Record::Account(_)))).count(),
        2
    );
    assert_eq!(progress.read(), text.len() as u64);
    assert!(reader.next().is_none());
}

#[test]
fn a_note_without_a_heading_is_called_like_its_file() {
    let folder = folder(&[("to do.en.md", "- everything")]);
    let mut reader = Input::file(folder.path().join("to do.en.md"), None).open().expect("opened");
    match reader.next().expect("a record").expect("a note").value {
        Record::Note(note) => assert_eq!(note.name, "to do.en"),
        other => panic!("expected a note, got {other:?}"),
    }
    assert!(reader.next().is_none());
}

#[test]
fn json_of_another_kind_is_refused_by_its_first_record() {
    let folder = folder(&[("package.json", r#"{"name": "x"}"#), ("text.json", "text"), ("none.json", " ")]);
    let problem = |name: &str| match Input::file(folder.path().join(name), None).open() {
        Ok(mut reader) => reader.next().expect("a record").expect_err("a problem").to_string(),
        Err(error) => error.to_string(),
    };
    assert!(problem("package.json").contains("record 1 (line 1, column 1): JSON of a kind that folio does not read"));
    assert!(problem("text.json").ends_with("(line 1, column 1): expected a JSON object or list, found 't'"));
    assert!(problem("none.json").ends_with("none.json: it is empty"));
}
