//! A tag of a note.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A tag of a note: 1 to 64 characters, compared byte by byte. White space around it is left out.
///
/// ```
/// use folio::types::Tag;
///
/// let tag: Tag = " code review ".parse()?;
/// assert_eq!(&*tag, "code review");
/// assert!("one, two".parse::<Tag>().is_err(), "a comma separates tags");
/// # Ok::<(), folio::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow, Serialize, Deserialize)]
#[diesel(sql_type = Text)]
#[serde(try_from = "String")]
pub struct Tag(String);

diesel_session::stored_as_text!(Tag);

/// Maximum number of characters.
const LONGEST: usize = 64;

impl FromStr for Tag {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let tag = text.trim();
        let refuse = |problem: String| Err(Error::value("tag", problem));
        match tag.chars().count() {
            0 => refuse("empty".to_owned()),
            characters if characters > LONGEST => {
                refuse(format!("{characters} characters, more than the limit of {LONGEST}"))
            }
            _ if tag.contains(|character: char| character == ',' || character.is_control()) => {
                refuse(format!("{tag:?} contains a comma or a control character"))
            }
            _ => Ok(Self(tag.to_owned())),
        }
    }
}

impl TryFrom<String> for Tag {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl Deref for Tag {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}
