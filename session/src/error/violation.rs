//! A constraint of the database that a statement violated.

use std::fmt;

/// What the database refused, in parts. Each part is as precise as the engine reports it and the session's rows tell.
///
/// ```
/// use diesel_session::Error;
/// # include!("../../docs/example_tables.rs");
///
/// # fn main() -> Result<()> {
/// let db = database()?;
/// db.begin(|session| -> Result<()> {
///     session.add(NewUser::new(1, "step")?);
///     Ok(())
/// })?;
/// let twin = db.begin(|session| -> Result<()> {
///     session.add(NewUser::new(1, "twin")?);
///     Ok(())
/// });
/// let Err(Error::Violation(violation)) = twin else { panic!("users.user_id is unique") };
/// assert_eq!((&*violation.table, &*violation.columns, &*violation.values), ("users", &["user_id".into()][..], &["1".into()][..]));
/// assert_eq!(violation.to_string(), "users: a row with this user_id already exists (1)");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// What kind of constraint it is.
    pub kind: ViolationKind,
    /// The table that has the constraint, as the database names it; for a row that is still referenced, that row's.
    pub table: String,
    /// Its columns; empty if they are not known.
    pub columns: Vec<String>,
    /// The values in these columns, as text; empty if they are not known. MySQL gives those of several columns as one.
    pub values: Vec<String>,
    /// Its name, if the engine reports one.
    pub constraint: Option<String>,
}

/// The kind of a violated constraint.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ViolationKind {
    /// UNIQUE or PRIMARY KEY: another row has the values.
    Unique {
        /// Whether another row of the same flush gives the value up, but would be sent later, because the entity does
        /// not declare the constraint: `#[entity(unique(…))]` would send it first.
        given_up_later: bool,
    },
    /// NOT NULL.
    NotNull,
    /// CHECK, or EXCLUDE.
    Check,
    /// A foreign key to a row that does not exist.
    MissingParent {
        /// The table in which there is no such row.
        parent: String,
    },
    /// A foreign key of rows that still refer to the row.
    StillReferenced {
        /// The table of these rows.
        child: String,
        /// Its column, if it is known.
        column: Option<String>,
        /// How many rows they are, if they were counted.
        rows: Option<u64>,
    },
    /// A foreign key, on an engine that does not report which side is missing.
    ForeignKey,
}

impl Violation {
    /// A violation of which no more is known than the table.
    #[must_use]
    pub fn new(kind: ViolationKind, table: impl Into<String>) -> Self {
        Self { kind, table: table.into(), columns: Vec::new(), values: Vec::new(), constraint: None }
    }

    /// With these columns and values.
    #[must_use]
    pub fn on(self, columns: Vec<String>, values: Vec<String>) -> Self {
        Self { columns, values, ..self }
    }

    /// With the constraint's name.
    #[must_use]
    pub fn of_constraint(self, constraint: impl Into<String>) -> Self {
        Self { constraint: Some(constraint.into()), ..self }
    }

    /// Whether it is one of the kinds of foreign keys.
    #[must_use]
    pub fn is_foreign_key(&self) -> bool {
        use ViolationKind::{ForeignKey, MissingParent, StillReferenced};
        matches!(self.kind, MissingParent { .. } | StillReferenced { .. } | ForeignKey)
    }

    /// The columns, or the constraint's name in place of them.
    fn place(&self) -> String {
        match &self.constraint {
            Some(constraint) if self.columns.is_empty() => constraint.clone(),
            _ => self.columns.join(", "),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (table, place, values) = (&self.table, self.place(), self.values.join(", "));
        let spaced = |text: &str| if text.is_empty() { String::new() } else { format!(" {text}") };
        match &self.kind {
            ViolationKind::Unique { given_up_later } => {
                let values = if values.is_empty() { values } else { format!(" ({values})") };
                write!(f, "{table}: a row with this {place} already exists{values}")?;
                if *given_up_later {
                    write!(
                        f,
                        "; if another row of this flush gives it up, #[entity(unique({place}))] on the entity sends that \
                         one first"
                    )?;
                }
                Ok(())
            }
            ViolationKind::NotNull => write!(f, "{table}.{place} must not be NULL"),
            ViolationKind::Check => write!(f, "{table}: violates check constraint '{place}'"),
            ViolationKind::MissingParent { parent } => {
                write!(f, "{table}: {place}{}: there is no such row in {parent}", spaced(&values))
            }
            ViolationKind::StillReferenced { child, column, rows } => {
                let named = if place.is_empty() { place } else { format!("{place}{}: ", spaced(&values)) };
                let (rows, refer) = match rows {
                    Some(1) => ("1 row".to_owned(), "refers"),
                    Some(rows) => (format!("{rows} rows"), "refer"),
                    None => ("rows".to_owned(), "refer"),
                };
                let by = column.as_ref().map_or_else(String::new, |column| format!(" by {column}"));
                write!(f, "{table}: {named}{rows} of {child} still {refer} to it{by}")
            }
            ViolationKind::ForeignKey => match &self.constraint {
                Some(constraint) => write!(f, "{table}: violates foreign key constraint {constraint}"),
                None => {
                    write!(f, "{table}: a row it refers to is missing, or another row still refers to it (foreign key)")
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_that_is_known_is_in_the_message() {
        let unique = || Violation::new(ViolationKind::Unique { given_up_later: false }, "songs");
        let (a, b) = (vec!["disc".to_owned(), "track".to_owned()], vec!["1".to_owned(), "7".to_owned()]);
        assert_eq!(unique().of_constraint("one_song").to_string(), "songs: a row with this one_song already exists");
        assert_eq!(
            unique().on(a.clone(), b.clone()).to_string(),
            "songs: a row with this disc, track already exists (1, 7)"
        );
        let later = Violation::new(ViolationKind::Unique { given_up_later: true }, "songs").on(a.clone(), b.clone());
        assert!(later.to_string().contains("#[entity(unique(disc, track))]"), "{later}");

        let referenced = |column: Option<&str>, rows| {
            let column = column.map(str::to_owned);
            Violation::new(ViolationKind::StillReferenced { child: "covers".into(), column, rows }, "songs")
        };
        assert_eq!(
            referenced(None, None).on(a, b).to_string(),
            "songs: disc, track 1, 7: rows of covers still refer to it"
        );
        assert_eq!(referenced(Some("song"), Some(1)).to_string(), "songs: 1 row of covers still refers to it by song");
        assert_eq!(referenced(Some("song"), Some(2)).to_string(), "songs: 2 rows of covers still refer to it by song");
    }
}
