//! Foreign keys of text that the database compares without case (116–118), and keys (122): every row that is
//! found has its place.

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel_session::connection::Engine;
use diesel_session::relation::{children, through};
use diesel_session::{Entity as _, Handle, Result, Session};

use super::{Artist, NewArtist, Song, artists, labels, songs};
use crate::fixture::{Fixture, dialect, fixture};
use folio_testing::engine;

/// Two artists, and songs that name them in letters of another case.
fn songs() -> Fixture {
    let place = fixture(module_path!());
    let (before, name) = match dialect(engine(module_path!())) {
        Engine::Sqlite => ("", "TEXT COLLATE NOCASE"),
        Engine::Postgres => (
            "CREATE COLLATION nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);",
            "TEXT COLLATE nocase",
        ),
        _ => ("", "VARCHAR(50) COLLATE utf8mb4_general_ci"),
    };
    let tables = format!(
        "{before}
         CREATE TABLE artists (name {name} NOT NULL PRIMARY KEY, born BIGINT NOT NULL);
         CREATE TABLE labels (id BIGINT NOT NULL PRIMARY KEY);
         CREATE TABLE songs (id BIGINT NOT NULL PRIMARY KEY, artist {name}, title VARCHAR(50) NOT NULL, label BIGINT,
            FOREIGN KEY (artist) REFERENCES artists (name), FOREIGN KEY (label) REFERENCES labels (id));
         INSERT INTO labels VALUES (1), (2);
         INSERT INTO artists VALUES ('ann', 1960), ('ben', 1970);
         INSERT INTO songs VALUES (1, 'Ann', 'Sea', 1), (2, 'ann', 'Sky', 2), (3, 'ANN', 'Sun', NULL),
            (4, 'BEN', 'Ice', 2), (5, NULL, 'Air', 1)"
    );
    let made = place.begin(|session| -> Result<()> { Ok(session.connection()?.batch_execute(&tables)?) });
    made.unwrap();
    place
}

fn titles(session: &Session<'_>, songs: &[Handle<Song>]) -> Result<Vec<String>> {
    songs.iter().map(|song| Ok(session.row(*song)?.title.clone())).collect()
}

#[test]
fn b116_children_are_grouped_as_the_database_compares_their_foreign_keys() -> Result<()> {
    songs().begin(|session| -> Result<()> {
        let artists = session.query(Artist::query().order(artists::born.desc())).all()?;
        let groups = session.children(songs::artist, &artists)?;
        assert_eq!(titles(session, &groups[0])?, ["Ice"]);
        assert_eq!(titles(session, &groups[1])?, ["Sea", "Sky", "Sun"]);
        Ok(())
    })
}

#[test]
fn b116_parents_are_found_as_the_database_compares_the_keys() -> Result<()> {
    songs().begin(|session| -> Result<()> {
        let songs = session.query(Song::query().order(songs::id)).all()?;
        let parents = session.parents(songs::artist, &songs)?;
        let named: Vec<Option<String>> =
            parents.iter().map(|parent| parent.and_then(|it| session.key(it).ok())).collect();
        let (ann, ben) = (Some("ann".to_owned()), Some("ben".to_owned()));
        assert_eq!(named, [ann.clone(), ann.clone(), ann, ben, None]);
        Ok(())
    })
}

#[test]
fn b117_conditions_orders_and_limits_are_for_each_parent_as_the_database_compares() -> Result<()> {
    songs().begin(|session| -> Result<()> {
        let artists = session.query(Artist::query().order(artists::born.desc())).all()?;
        let last = children(songs::artist).filter(songs::title.ne("Sun")).order(songs::title.desc());
        let groups = session.load_related(&artists, last)?;
        assert_eq!(titles(session, &groups[0])?, ["Ice"]);
        assert_eq!(titles(session, &groups[1])?, ["Sky", "Sea"]);
        let groups = session.load_related(&artists, last.limit(1))?;
        assert_eq!(titles(session, &groups[0])?, ["Ice"]);
        assert_eq!(titles(session, &groups[1])?, ["Sky"]);
        Ok(())
    })
}

#[test]
fn b118_links_are_followed_as_the_database_compares() -> Result<()> {
    songs().begin(|session| -> Result<()> {
        let artists = session.query(Artist::query().order(artists::born.desc())).all()?;
        let named = session.through(songs::artist, songs::label, &artists)?;
        assert_eq!(named[0].iter().map(|label| session.key(*label).ok()).collect::<Vec<_>>(), [Some(2)]);
        assert_eq!(named[1].iter().map(|label| session.key(*label).ok()).collect::<Vec<_>>(), [Some(1), Some(2)]);
        let last = through(songs::artist, songs::label).order(labels::id.desc()).limit(1);
        let named = session.load_related(&artists, last)?;
        assert_eq!(named[1].iter().map(|label| session.key(*label).ok()).collect::<Vec<_>>(), [Some(2)]);
        Ok(())
    })
}

#[test]
fn b122_many_keys_find_rows_as_the_database_compares_them() -> Result<()> {
    songs().begin(|session| -> Result<()> {
        let ben = session.get_one::<Artist>("ben")?;
        let found = session.get_many::<Artist>(&["ANN", "ben", "cid", "Ann"])?;
        let named: Vec<Option<String>> =
            found.iter().map(|artist| artist.and_then(|it| session.key(it).ok())).collect();
        assert_eq!(named, [Some("ann".to_owned()), Some("ben".to_owned()), None, Some("ann".to_owned())]);
        assert!(found[1] == Some(ben) && found[0] == found[3]);
        Ok(())
    })
}

#[test]
fn b116_more_children_and_parents_than_one_statement_takes_are_matched_too() -> Result<()> {
    songs().begin(|session| -> Result<()> {
        for number in 0..250 {
            session.add(NewArtist::new(format!("artist {number}"), number)?);
            session.add(
                Song {
                    id: 1_000 + number,
                    artist: Some(format!("Artist {number}")),
                    title: format!("song {number}"),
                    label: None,
                }
                .as_new(),
            );
        }
        session.flush()?;
        session.clear()?;
        let artists = session.query(Artist::query().order(artists::born)).all()?;
        let groups = session.children(songs::artist, &artists[..250])?;
        for (number, group) in groups.iter().enumerate() {
            assert_eq!(titles(session, group)?, [format!("song {number}")]);
        }
        session.clear()?;
        let songs = session.query(Song::query().filter(songs::id.ge(1_000)).order(songs::id)).all()?;
        for (number, parent) in session.parents(songs::artist, &songs)?.into_iter().enumerate() {
            assert_eq!(parent.and_then(|parent| session.key(parent).ok()), Some(format!("artist {number}")));
        }
        Ok(())
    })
}
