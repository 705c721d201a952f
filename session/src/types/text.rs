//! Checked text: `Text<N>`, `Email` and `LongText`.

use crate::error::{Error, Result};

/// The limits of one text type.
struct Rule {
    min: usize,
    max: usize,
    one_line: bool,
}

impl Rule {
    /// The problem with a text, if any; the message may contain its length, but never the text.
    fn problem(&self, text: &str) -> Option<String> {
        if text.contains('\0') {
            return Some("contains a NUL character, which databases cannot store".to_owned());
        }
        if self.one_line && text.contains(['\n', '\r']) {
            return Some("contains a line break".to_owned());
        }
        // A character has at least one byte, so most texts need no counting.
        if text.len() > self.max {
            let characters = text.chars().count();
            if characters > self.max {
                return Some(format!("{characters} characters, more than the limit of {}", self.max));
            }
        }
        (self.min > 0 && text.is_empty()).then(|| "it is empty".to_owned())
    }
}

/// Defines a text type with a `Rule`, and everything to use it as a `str` and in a column.
macro_rules! checked_text {
    (
        $(#[$meta:meta])*
        $name:ident $(<const $limit:ident>)?, $what:literal, $rule:expr
    ) => {
        $(#[$meta])*
        #[derive(
            Clone, PartialEq, Eq, PartialOrd, Ord, Hash,
            diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
        )]
        #[diesel(sql_type = diesel::sql_types::Text)]
        pub struct $name $(<const $limit: usize>)? (String);

        impl $(<const $limit: usize>)? $name $(<$limit>)? {
            const RULE: Rule = $rule;

            /// Checks a text; the error calls it `what`, such as `"username"`.
            ///
            /// # Errors
            ///
            /// [`Error::Value`] if the text violates the type's rule.
            pub fn named(what: &'static str, text: impl Into<String>) -> Result<Self> {
                let text = text.into();
                match Self::RULE.problem(&text) {
                    None => Ok(Self(text)),
                    Some(problem) => Err(Error::Value { what, problem }),
                }
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The text, owned.
            #[must_use]
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl $(<const $limit: usize>)? super::Limited for $name $(<$limit>)? {
            const LIMITS: super::Limits = match Self::RULE.max {
                usize::MAX => super::Limits::NONE,
                max => super::Limits::max_chars(max),
            };
        }

        impl $(<const $limit: usize>)? TryFrom<String> for $name $(<$limit>)? {
            type Error = Error;

            fn try_from(text: String) -> Result<Self> {
                Self::named($what, text)
            }
        }

        impl $(<const $limit: usize>)? TryFrom<&str> for $name $(<$limit>)? {
            type Error = Error;

            fn try_from(text: &str) -> Result<Self> {
                Self::named($what, text)
            }
        }

        impl $(<const $limit: usize>)? std::str::FromStr for $name $(<$limit>)? {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                Self::named($what, text)
            }
        }

        impl $(<const $limit: usize>)? From<$name $(<$limit>)?> for String {
            fn from(text: $name $(<$limit>)?) -> Self {
                text.0
            }
        }

        impl $(<const $limit: usize>)? std::ops::Deref for $name $(<$limit>)? {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl $(<const $limit: usize>)? AsRef<str> for $name $(<$limit>)? {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl $(<const $limit: usize>)? std::borrow::Borrow<str> for $name $(<$limit>)? {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl $(<const $limit: usize>)? std::fmt::Display for $name $(<$limit>)? {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl $(<const $limit: usize>)? std::fmt::Debug for $name $(<$limit>)? {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(&self.0, f)
            }
        }

        impl $(<const $limit: usize>)? PartialEq<str> for $name $(<$limit>)? {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }

        impl $(<const $limit: usize>)? PartialEq<&str> for $name $(<$limit>)? {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }

        impl $(<const $limit: usize>)? serde::Serialize for $name $(<$limit>)? {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de $(, const $limit: usize)?> serde::Deserialize<'de> for $name $(<$limit>)? {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                Self::try_from(text).map_err(serde::de::Error::custom)
            }
        }

        impl<DB: diesel::backend::Backend $(, const $limit: usize)?> diesel::serialize::ToSql<diesel::sql_types::Text, DB>
            for $name $(<$limit>)?
        where
            str: diesel::serialize::ToSql<diesel::sql_types::Text, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, DB>) -> diesel::serialize::Result {
                self.as_str().to_sql(out)
            }
        }

        impl<DB: diesel::backend::Backend $(, const $limit: usize)?> diesel::deserialize::FromSql<diesel::sql_types::Text, DB>
            for $name $(<$limit>)?
        where
            String: diesel::deserialize::FromSql<diesel::sql_types::Text, DB>,
        {
            fn from_sql(value: DB::RawValue<'_>) -> diesel::deserialize::Result<Self> {
                Ok(Self::try_from(String::from_sql(value)?)?)
            }
        }
    };
}

checked_text! {
    /// A text of 1 to `N` characters without NUL: a name, a title, a code.
    ///
    /// Characters are counted, not bytes, as the databases count them.
    ///
    /// ```
    /// use diesel_session::types::{Text, Text256};
    ///
    /// let code: Text<3> = "SQL".try_into()?;
    /// assert_eq!(code, "SQL");
    /// let error = Text::<3>::named("code", "long").unwrap_err();
    /// assert_eq!(error.to_string(), "code: 4 characters, more than the limit of 3");
    ///
    /// let name: Text256 = "Ада".try_into()?;
    /// assert_eq!(name, "Ада");
    /// assert_eq!(name.to_uppercase(), "АДА");
    ///
    /// let error = Text256::named("username", "x".repeat(257)).unwrap_err();
    /// assert_eq!(error.to_string(), "username: 257 characters, more than the limit of 256");
    /// # Ok::<(), diesel_session::Error>(())
    /// ```
    Text<const N>, "text", Rule { min: 1, max: N, one_line: false }
}

/// A text of 1 to 256 characters.
pub type Text256 = Text<256>;

checked_text! {
    /// An email address as entered: 1 to 320 characters without NUL and line breaks.
    ///
    /// Only sending to it shows whether an address is valid; none is refused for its form.
    ///
    /// ```
    /// use diesel_session::types::Email;
    ///
    /// let email: Email = "ada@example.org".parse()?;
    /// assert_eq!(email, "ada@example.org");
    ///
    /// let error = Email::try_from("x".repeat(10_000)).unwrap_err();
    /// assert_eq!(error.to_string(), "email: 10000 characters, more than the limit of 320");
    /// # Ok::<(), diesel_session::Error>(())
    /// ```
    Email, "email", Rule { min: 1, max: 320, one_line: true }
}

checked_text! {
    /// A text of any length without NUL: the body of a document. The default is empty.
    ///
    /// ```
    /// use diesel_session::types::LongText;
    ///
    /// let body = LongText::try_from("# Résumé\n")?;
    /// assert_eq!(body.lines().next(), Some("# Résumé"));
    /// assert!(LongText::try_from("a\0b").is_err());
    /// # Ok::<(), diesel_session::Error>(())
    /// ```
    #[derive(Default)]
    LongText, "text", Rule { min: 0, max: usize::MAX, one_line: false }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn problem<T: TryFrom<String, Error = Error>>(text: impl Into<String>) -> Option<String> {
        T::try_from(text.into()).err().map(|error| error.to_string())
    }

    #[test]
    fn a_short_text_is_counted_in_characters_not_bytes() {
        assert_eq!(problem::<Text256>("ж".repeat(256)), None);
        assert_eq!(problem::<Text256>("ж".repeat(257)).unwrap(), "text: 257 characters, more than the limit of 256");
        assert_eq!(problem::<Text256>("a"), None);
        assert_eq!(problem::<Text256>("").unwrap(), "text: it is empty");
    }

    #[test]
    fn a_text_has_the_limit_of_its_type() {
        assert_eq!(problem::<Text<3>>("жжж"), None);
        assert_eq!(problem::<Text<3>>("жжжж").unwrap(), "text: 4 characters, more than the limit of 3");
        assert_eq!(problem::<Text<3>>("").unwrap(), "text: it is empty");
        let code: Text<3> = serde_json::from_str(r#""abc""#).unwrap();
        assert_eq!(serde_json::to_string(&code).unwrap(), r#""abc""#);
        assert!(serde_json::from_str::<Text<3>>(r#""abcd""#).is_err());
    }

    #[test]
    fn an_email_has_one_line_of_up_to_320_characters_and_any_shape() {
        assert_eq!(problem::<Email>("no address at all"), None);
        assert_eq!(problem::<Email>("é".repeat(320)), None);
        assert_eq!(problem::<Email>("é".repeat(321)).unwrap(), "email: 321 characters, more than the limit of 320");
        assert_eq!(problem::<Email>("").unwrap(), "email: it is empty");
        for broken in ["a\nb", "a\r", "\n"] {
            assert_eq!(problem::<Email>(broken).unwrap(), "email: contains a line break");
        }
    }

    #[test]
    fn a_long_text_may_be_empty_or_large() {
        assert_eq!(problem::<LongText>(""), None);
        assert_eq!(problem::<LongText>("x\n".repeat(1_000_000)), None);
    }

    #[test]
    fn no_text_contains_nul() {
        let nul = "contains a NUL character, which databases cannot store";
        assert_eq!(problem::<Text256>("a\0").unwrap(), format!("text: {nul}"));
        assert_eq!(problem::<Email>("\0").unwrap(), format!("email: {nul}"));
        assert_eq!(problem::<LongText>("a\0b").unwrap(), format!("text: {nul}"));
    }

    #[test]
    fn an_error_tells_the_length_of_a_large_value_and_does_not_repeat_it() {
        assert!(problem::<Text256>("secret ".repeat(10_000)).unwrap().len() < 100);
    }

    #[test]
    fn passes_for_a_str() {
        let text = Text256::try_from("step").unwrap();
        assert_eq!(text, "step");
        assert_eq!(text, *"step");
        assert!(text.starts_with("st"));
        assert_eq!(format!("{text}|{text:>6}|{text:?}"), "step|  step|\"step\"");
        assert!(HashSet::from([text.clone()]).contains("step"));
        assert_eq!(text.clone().into_string(), String::from(text));
    }

    #[test]
    fn json_is_checked_as_it_is_read() {
        let text: Text256 = serde_json::from_str(r#""step""#).unwrap();
        assert_eq!(serde_json::to_string(&text).unwrap(), r#""step""#);
        let error = serde_json::from_str::<Email>(r#""a\u0000""#).unwrap_err().to_string();
        assert!(error.starts_with("email: contains a NUL character"), "{error}");
    }
}
