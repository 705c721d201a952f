//! The key that the details of a PostgreSQL error name.

/// `Key (a, b)=(1, 2) …`: the content of an error's details.
pub(super) struct Key<'d> {
    columns: &'d str,
    values: &'d str,
    /// The table at the other end of a foreign key.
    pub(super) other: &'d str,
    /// The row at the other end is missing, rather than still referring to this one.
    pub(super) missing: bool,
}

impl<'d> Key<'d> {
    pub(super) fn columns(&self) -> Vec<String> {
        self.columns.split(", ").map(str::to_owned).collect()
    }

    /// The value of each column; all in one where it cannot be told where one ends.
    pub(super) fn values(&self) -> Vec<String> {
        let values: Vec<String> = self.values.split(", ").map(str::to_owned).collect();
        if values.len() == self.columns().len() { values } else { vec![self.values.to_owned()] }
    }

    pub(super) fn in_details(details: &'d str) -> Option<Self> {
        let (columns, rest) = details.strip_prefix("Key (")?.split_once(")=(")?;
        let missing = rest.contains(") is not present in table \"");
        let (values, other) = ["already exists", "is not present in table", "is still referenced from table"]
            .iter()
            .find_map(|ending| rest.rsplit_once(&format!(") {ending}")))?;
        Some(Self { columns, values, other: other.trim_matches(|c| " \".".contains(c)), missing })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_name_the_key_and_the_other_table() {
        let key = Key::in_details("Key (user_id, repo_name)=(1, a) b) already exists.").unwrap();
        assert_eq!((key.columns, key.values, key.other), ("user_id, repo_name", "1, a) b", ""));
        let key = Key::in_details("Key (user_id)=(99) is not present in table \"users\".").unwrap();
        assert_eq!((key.values, key.other, key.missing), ("99", "users", true));
        let key = Key::in_details("Key (id)=(1) is still referenced from table \"resumes\".").unwrap();
        assert_eq!((key.values, key.other, key.missing), ("1", "resumes", false));
        assert!(Key::in_details("Schlüssel »(a)=(1)« existiert bereits.").is_none());
    }
}
