//! What a statement changes, as far as a rule looks at it.

use diesel_session::connection::Engine;

use super::column::{Column, Constraint};
use super::syntax::{Name, Part, pieces};

/// What a statement changes.
#[derive(Debug)]
pub(crate) enum Change<'s> {
    CreateTable {
        table: Name<'s>,
        /// Empty if the table is made of a query or like another one.
        columns: Vec<Column<'s>>,
        constraints: Vec<Constraint<'s>>,
        temporary: bool,
    },
    AlterTable {
        table: Name<'s>,
        clauses: Vec<Clause<'s>>,
    },
    RenameTables(Vec<(Name<'s>, Name<'s>)>),
    DropTables {
        tables: Vec<Name<'s>>,
        cascade: bool,
    },
    /// `TRUNCATE … CASCADE` of PostgreSQL's.
    TruncateCascade(Vec<Name<'s>>),
    /// `CREATE VIEW`, materialized or not.
    CreateView(Name<'s>),
    DropViews(Vec<Name<'s>>),
    CreateSequence(Name<'s>),
    CreateIndex(Index<'s>),
    /// `DROP INDEX CONCURRENTLY` and `REINDEX … CONCURRENTLY`.
    OtherConcurrent,
    /// INSERT, UPDATE, DELETE.
    Rows(Option<Name<'s>>),
    /// `PRAGMA name = value`; without a value it is read.
    Pragma {
        name: Name<'s>,
        value: &'s str,
    },
    Begin,
    End,
    /// A definition of another object.
    OtherDefinition,
    Other,
}

/// `CREATE INDEX`.
#[derive(Debug)]
pub(crate) struct Index<'s> {
    pub(crate) name: Option<Name<'s>>,
    pub(crate) table: Name<'s>,
    pub(crate) columns: Vec<Name<'s>>,
    pub(crate) unique: bool,
    pub(crate) concurrently: bool,
    /// FULLTEXT or SPATIAL, which MySQL cannot build beside writes.
    pub(crate) special: bool,
    /// The condition of a partial index.
    pub(crate) condition: &'s str,
    /// What follows the name.
    pub(crate) rest: &'s str,
}

/// A clause of `ALTER TABLE`.
#[derive(Debug)]
pub(crate) enum Clause<'s> {
    AddColumn(Column<'s>),
    AddConstraint(Constraint<'s>),
    /// MODIFY and CHANGE of MySQL's, with the name that the column had.
    Modify {
        from: Name<'s>,
        column: Column<'s>,
    },
    SetNotNull(Name<'s>),
    SetType {
        column: Name<'s>,
        kind: &'s str,
        /// By another expression than the column itself.
        computes: bool,
    },
    DropColumn {
        column: Name<'s>,
        cascade: bool,
    },
    DropPrimaryKey,
    RenameColumn {
        from: Name<'s>,
        to: Name<'s>,
    },
    RenameTable(Name<'s>),
    ValidateConstraint(Name<'s>),
    Other(&'s str),
}

impl<'s> Change<'s> {
    pub(crate) fn of(sql: &'s str, engine: Engine) -> Self {
        let pieces = pieces(sql, engine);
        let mut part = Part::new(sql, &pieces);
        Self::parse(&mut part).unwrap_or(Self::Other)
    }

    /// Whether it changes the schema, which MySQL commits at once.
    pub(crate) fn is_definition(&self) -> bool {
        !matches!(self, Self::Rows(_) | Self::Pragma { .. } | Self::Begin | Self::End | Self::Other)
    }

    fn parse(part: &mut Part<'_, 's>) -> Option<Self> {
        if part.take("CREATE") {
            return Some(Self::create(part).unwrap_or(Self::OtherDefinition));
        }
        if part.take_all(&["ALTER", "TABLE"]) || part.take_all(&["ALTER", "IGNORE", "TABLE"]) {
            part.skip(&["IF", "EXISTS", "ONLY"]);
            let table = part.name()?;
            let clauses = part.split_at_commas().into_iter().flat_map(Clause::parse).collect();
            return Some(Self::AlterTable { table, clauses });
        }
        if part.take_all(&["RENAME", "TABLE"]) || part.take_all(&["RENAME", "TABLES"]) {
            let renamed = part.split_at_commas().into_iter().filter_map(|mut part| {
                let from = part.name()?;
                part.take("TO").then(|| part.name())?.map(|to| (from, to))
            });
            return Some(Self::RenameTables(renamed.collect()));
        }
        if part.take_all(&["DROP", "TABLE"]) {
            part.skip(&["IF", "EXISTS"]);
            let cascade = part.has(&["CASCADE"]);
            return Some(Self::DropTables { tables: part.names(), cascade });
        }
        if part.take_all(&["DROP", "VIEW"]) || part.take_all(&["DROP", "MATERIALIZED", "VIEW"]) {
            part.skip(&["IF", "EXISTS"]);
            return Some(Self::DropViews(part.names()));
        }
        if part.take("TRUNCATE") {
            part.skip(&["TABLE", "ONLY"]);
            let cascade = part.has(&["CASCADE"]);
            return Some(if cascade { Self::TruncateCascade(part.names()) } else { Self::Rows(part.name()) });
        }
        if part.take("PRAGMA") {
            let name = part.name()?;
            let value = part.text().trim_start_matches(['=', ' ', '(']).trim_end_matches([' ', ')']);
            return Some(Self::Pragma { name, value });
        }
        if part.starts_with_one_of(&["INSERT", "UPDATE", "DELETE", "REPLACE"]) {
            part.skip(&["INSERT", "UPDATE", "DELETE", "REPLACE", "OR", "IGNORE", "ABORT", "INTO", "FROM", "ONLY"]);
            return Some(Self::Rows(part.name()));
        }
        if part.starts_with_one_of(&["DROP", "REINDEX"]) && part.has(&["CONCURRENTLY"]) {
            return Some(Self::OtherConcurrent);
        }
        let kinds = [
            (Self::Rows(None), &["WITH"] as &[_]),
            (Self::Begin, &["BEGIN", "START"]),
            (Self::End, &["COMMIT", "END", "ROLLBACK"]),
            (Self::OtherDefinition, &["DROP", "ALTER"]),
        ];
        kinds.into_iter().find(|(_, words)| part.starts_with_one_of(words)).map(|(kind, _)| kind)
    }

    fn create(part: &mut Part<'_, 's>) -> Option<Self> {
        part.skip(&["OR", "REPLACE", "UNLOGGED", "VIRTUAL", "LOCAL", "GLOBAL"]);
        let temporary = part.take("TEMPORARY") || part.take("TEMP");
        if part.take("TABLE") {
            part.skip(&["IF", "NOT", "EXISTS"]);
            let table = part.name()?;
            let (mut columns, mut constraints) = (Vec::new(), Vec::new());
            if let Some(body) = part.group() {
                for part in body.split_at_commas() {
                    match Constraint::parse(part) {
                        Some(constraint) => constraints.push(constraint),
                        None => columns.extend(Column::parse(part)),
                    }
                }
            }
            return Some(Self::CreateTable { table, columns, constraints, temporary });
        }
        let mut view = *part;
        view.skip(&["MATERIALIZED", "RECURSIVE"]);
        if view.take("VIEW") {
            view.skip(&["IF", "NOT", "EXISTS"]);
            return view.name().map(Self::CreateView);
        }
        if part.take("SEQUENCE") {
            part.skip(&["IF", "NOT", "EXISTS"]);
            return part.name().map(Self::CreateSequence);
        }
        let unique = part.take("UNIQUE");
        let special = part.starts_with_one_of(&["FULLTEXT", "SPATIAL"]);
        part.skip(&["FULLTEXT", "SPATIAL"]);
        if !part.take("INDEX") {
            return None;
        }
        let concurrently = part.take("CONCURRENTLY");
        part.skip(&["IF", "NOT", "EXISTS"]);
        let name = if part.starts_with_one_of(&["ON"]) { None } else { part.name() };
        let rest = part.text();
        if !part.starts_with(&["ON"]) {
            part.until(&["ON"]);
        }
        if !part.take("ON") {
            return None;
        }
        part.skip(&["ONLY"]);
        let table = part.name()?;
        part.until_group();
        let columns = part.group()?.names();
        while !part.is_empty() && !part.take("WHERE") {
            part.next();
        }
        let condition = part.text();
        Some(Self::CreateIndex(Index { name, table, columns, unique, concurrently, special, condition, rest }))
    }
}

impl<'s> Clause<'s> {
    /// More than one for `ADD (a INT, b INT)`.
    fn parse(part: Part<'_, 's>) -> Vec<Self> {
        let mut list = part;
        if list.take("ADD") {
            list.skip(&["COLUMN"]);
            if let Some(list) = list.group() {
                return list.split_at_commas().into_iter().filter_map(Self::added).collect();
            }
        }
        vec![Self::parse_one(part).unwrap_or(Self::Other(part.text()))]
    }

    fn added(part: Part<'_, 's>) -> Option<Self> {
        Constraint::parse(part).map(Self::AddConstraint).or_else(|| Column::parse(part).map(Self::AddColumn))
    }

    fn parse_one(mut part: Part<'_, 's>) -> Option<Self> {
        if part.take("ADD") {
            if let Some(constraint) = Constraint::parse(part) {
                return Some(Self::AddConstraint(constraint));
            }
            part.skip(&["COLUMN", "IF", "NOT", "EXISTS"]);
            return Column::parse(part).map(Self::AddColumn);
        }
        if part.take("DROP") {
            if part.take_all(&["PRIMARY", "KEY"]) {
                return Some(Self::DropPrimaryKey);
            }
            if part.starts_with_one_of(&["CONSTRAINT", "INDEX", "KEY", "FOREIGN", "CHECK", "PARTITION"]) {
                return None;
            }
            part.skip(&["COLUMN", "IF", "EXISTS"]);
            let column = part.name()?;
            return Some(Self::DropColumn { column, cascade: part.has(&["CASCADE"]) });
        }
        if part.take("ALTER") && !part.starts_with_one_of(&["INDEX", "CONSTRAINT", "CHECK"]) {
            part.skip(&["COLUMN"]);
            let column = part.name()?;
            if part.take_all(&["SET", "NOT", "NULL"]) {
                return Some(Self::SetNotNull(column));
            }
            if part.take_all(&["SET", "DATA", "TYPE"]) || part.take("TYPE") {
                let kind = part.until(&["USING", "COLLATE"]).text();
                if part.take("COLLATE") {
                    part.name();
                }
                let value = if part.take("USING") { part.text() } else { "" };
                let cast = value.strip_prefix(column.written).map(|cast| cast.strip_prefix("::").unwrap_or(cast));
                let is_itself = cast.is_some_and(|cast| cast.is_empty() || cast.eq_ignore_ascii_case(kind));
                return Some(Self::SetType { column, kind, computes: !value.is_empty() && !is_itself });
            }
            return None;
        }
        if part.take("MODIFY") {
            part.skip(&["COLUMN", "IF", "EXISTS"]);
            let column = Column::parse(part)?;
            return Some(Self::Modify { from: column.name, column });
        }
        if part.take("CHANGE") {
            part.skip(&["COLUMN", "IF", "EXISTS"]);
            let from = part.name()?;
            return Some(Self::Modify { from, column: Column::parse(part)? });
        }
        if part.take("RENAME") {
            if part.starts_with_one_of(&["INDEX", "KEY", "CONSTRAINT"]) {
                return None;
            }
            if part.take("TO") || part.take("AS") {
                return part.name().map(Self::RenameTable);
            }
            part.skip(&["COLUMN"]);
            let from = part.name()?;
            return part.take("TO").then(|| part.name())?.map(|to| Self::RenameColumn { from, to });
        }
        if part.take_all(&["VALIDATE", "CONSTRAINT"]) {
            return part.name().map(Self::ValidateConstraint);
        }
        None
    }
}
