//! Tests of naming sources.

use tempfile::TempDir;

use super::*;

/// A folder by its canonical path, with one file in it.
fn folder(name: &str) -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("a folder");
    let file = fs::canonicalize(folder.path()).expect("canonical").join(name);
    fs::create_dir_all(file.parent().expect("inside")).expect("a folder");
    fs::write(&file, "text").expect("a file");
    (folder, file)
}

fn source(path: &Path) -> String {
    Source::of_file(path).expect("a source").expect("a file").text().to_string()
}

#[cfg(unix)]
#[test]
fn a_file_has_one_source_however_it_is_named() {
    let (folder, file) = folder("n/c.md");
    let canonical = fs::canonicalize(folder.path()).expect("canonical");
    std::os::unix::fs::symlink("n", canonical.join("link")).expect("a link");
    std::os::unix::fs::symlink("n/c.md", canonical.join("d.md")).expect("a link");
    for name in ["n/c.md", "./n//c.md", "n/../n/./c.md", "link/c.md", "d.md"] {
        assert_eq!(source(&canonical.join(name)), file.display().to_string(), "{name}");
    }
}

#[test]
fn what_cannot_be_read_again_has_no_source() {
    let (folder, _) = folder("a.md");
    assert_eq!(Source::of_file(folder.path()).expect("none"), None);
    assert!(Source::of_file(&folder.path().join("gone")).is_err());
}

#[cfg(unix)]
#[test]
fn paths_that_are_not_unicode_have_sources_of_their_own() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    let path = |name: &[u8]| PathBuf::from(OsStr::from_bytes(name));
    assert_eq!(text(&path(b"/n/x\xff.md")), "file:///n/x%FF.md");
    assert_eq!(text(&path(b"/n/x%FF\xfe.md")), "file:///n/x%25FF%FE.md");
    assert_eq!(text(&path("/n/x\u{fffd}.md".as_bytes())), "/n/x\u{fffd}.md");
    assert_eq!(earlier_paths(&path(b"x\xff.md"), &path(b"/n/x\xff.md"), Some(Path::new("/n"))), [""; 0]);
}

#[test]
fn a_path_that_is_too_long_keeps_its_end_and_a_hash_of_the_whole() {
    let long = |first: &str| format!("/{first}/{}/c.md", "ä".repeat(250));
    let (one, other) = (text(Path::new(&long("a"))), text(Path::new(&long("b"))));
    assert_eq!((one.chars().count(), other.chars().count()), (LONGEST, LONGEST));
    assert!(one.ends_with("ä/c.md") && one[32..].starts_with(":…ä"), "{one}");
    assert_eq!(one[32..], other[32..]);
    assert_ne!(one, other);
    let just = format!("/{}", "ä".repeat(255));
    assert_eq!(text(Path::new(&just)), just);
}

#[test]
fn the_hash_stays_what_it_is() {
    assert_eq!(hash(b""), 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
    assert_eq!(hash(b"a"), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
}

#[test]
fn earlier_versions_wrote_the_path_as_it_was_named_or_the_way_to_it() {
    let current = Some(Path::new("/home/ada"));
    for (named, canonical, expected) in [
        ("notes/a.md", "/home/ada/notes/a.md", &["notes/a.md", "notes/a.md"]),
        ("./notes//a.md", "/home/ada/notes/a.md", &["notes/a.md", "notes/a.md"]),
        ("/home/ada/notes/a.md", "/home/ada/notes/a.md", &["notes/a.md", "notes/a.md"]),
        ("../ada/a.md", "/home/ada/a.md", &["../ada/a.md", "a.md"]),
        ("../a.md", "/home/a.md", &["../a.md", "../a.md"]),
        ("link/a.md", "/srv/a.md", &["link/a.md", "../../srv/a.md"]),
    ] {
        assert_eq!(earlier_paths(Path::new(named), Path::new(canonical), current), expected, "{named}");
    }
}
