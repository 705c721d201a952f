//! The topics of a repository.

use std::fmt;
use std::str::FromStr;

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Text;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Result};

/// The topics of a repository, in their order; perhaps none. JSON has them as a list, the database as one text with a
/// space between two topics.
///
/// ```
/// use folio::types::Topics;
///
/// let topics = Topics::new(["rust", "cli"])?;
/// assert_eq!(topics.iter().collect::<Vec<_>>(), ["rust", "cli"]);
/// assert_eq!(topics.to_string(), "rust cli");
/// assert!(Topics::new(["two words"]).is_err());
/// # Ok::<(), folio::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Topics(String);

diesel_session::stored_as_text!(Topics);

/// Maximum number of characters of all topics together, with the spaces between them.
const LONGEST: usize = 2_048;

impl Topics {
    /// Checks topics.
    ///
    /// # Errors
    ///
    /// When one is empty, or contains a space, another white space or a control character; when they have more than
    /// 2,048 characters together, with the spaces between them.
    pub fn new<T: AsRef<str>>(topics: impl IntoIterator<Item = T>) -> Result<Self> {
        let mut text = String::new();
        for topic in topics {
            let topic = topic.as_ref();
            if topic.is_empty() || topic.contains(|character: char| character.is_whitespace() || character.is_control())
            {
                let problem = format!("{topic:?} is empty, or contains a space or a control character");
                return Err(Error::value("topic", problem));
            }
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(topic);
        }
        match text.chars().count() {
            ..=LONGEST => Ok(Self(text)),
            characters => {
                Err(Error::value("topics", format!("{characters} characters, more than the limit of {LONGEST}")))
            }
        }
    }

    /// Each topic.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ').filter(|topic| !topic.is_empty())
    }
}

/// As it is stored: a space between two topics.
impl fmt::Display for Topics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads what `Display` writes.
impl FromStr for Topics {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::new(text.split(' ').filter(|topic| !topic.is_empty()))
    }
}

impl Serialize for Topics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Topics {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Vec::<String>::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
