//! Latin letters without their accents, which many collations ignore.

/// The base letters of U+00C0 to U+017F; `.` where a character is not one letter with an accent.
const BASES: &str = "aaaaaa.ceeeeiiiidnooooo.ouuuuy.saaaaaa.ceeeeiiiidnooooo.ouuuuy.y\
                     aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii..jjkkkllllllllll\
                     nnnnnnnnnoooooo..rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

const FIRST: u32 = 0xc0;

/// The lower-case base letter of a Latin letter with an accent; any other character as it is.
pub(crate) fn without_accent(character: char) -> char {
    let position = u32::from(character).checked_sub(FIRST).and_then(|position| usize::try_from(position).ok());
    match position.and_then(|position| BASES.as_bytes().get(position)) {
        None | Some(b'.') => character,
        Some(base) => char::from(*base),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_loses_its_accent_and_nothing_else_changes() {
        let bare = |text: &str| text.chars().map(without_accent).collect::<String>();
        assert_eq!(bare("ÀÇÉïÑöøÜýß"), "aceinoouys");
        assert_eq!(bare("ĀčđĘğħİıĵķŁłňŌřŠťůŵŸžſ"), "acdeghiijkllnorstuwyzs");
        assert_eq!(bare("aZ 0×÷æÞœĳ日本é"), "aZ 0×÷æÞœĳ日本e");
        assert_eq!(BASES.len(), 0x180 - 0xc0);
    }
}
