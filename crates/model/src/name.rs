//! Names of topics, fields and joints, as words.

/// The words of a topic, field or joint, in lower case: `/left_arm/jointCmd` is `left arm joint cmd`.
pub fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for letter in name.chars() {
        let new_word = !letter.is_alphanumeric() || (letter.is_uppercase() && before.is_lowercase());
        // OK because there is always a last word.
        if new_word && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if letter.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
        before = letter;
    }
    words.retain(|word| !word.is_empty());
    words
}
