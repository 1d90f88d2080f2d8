//! Words of OMG IDL. Comments and preprocessor lines are left out.

use super::DecodeError;

/// A word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Token {
    /// A name or keyword.
    Word(String),
    /// An integer.
    Integer(i128),
    /// Any other literal. None is on the wire.
    Literal,
    /// `::`.
    Scope,
    /// A sign.
    Sign(char),
}

/// The words of `text`, each with its line.
pub(crate) fn tokens(text: &str) -> Result<Vec<(Token, usize)>, DecodeError> {
    let mut all = Vec::new();
    let bytes = text.as_bytes();
    let (mut at, mut line) = (0, 1);
    let mut line_start = true;
    while let Some(&byte) = bytes.get(at) {
        let rest = &bytes[at..];
        let length = match byte {
            b'\n' => {
                line += 1;
                line_start = true;
                at += 1;
                continue;
            }
            _ if byte.is_ascii_whitespace() => 1,
            b'#' if line_start => until(rest, b"\n", 0),
            b'/' if rest.starts_with(b"//") => until(rest, b"\n", 0),
            b'/' if rest.starts_with(b"/*") => 2 + until(&rest[2..], b"*/", 2),
            b'"' | b'\'' => {
                all.push((Token::Literal, line));
                quoted(rest).ok_or_else(|| DecodeError(format!("line {line}: a quote is not closed")))?
            }
            _ if byte.is_ascii_alphabetic() || byte == b'_' => {
                let length = run(rest, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
                all.push((Token::Word(String::from_utf8_lossy(&rest[..length]).into_owned()), line));
                length
            }
            _ if byte.is_ascii_digit() => {
                let length = number(rest);
                all.push((literal(&rest[..length]), line));
                length
            }
            b':' if rest.starts_with(b"::") => {
                all.push((Token::Scope, line));
                2
            }
            _ => {
                all.push((Token::Sign(char::from(byte)), line));
                1
            }
        };
        line += rest[..length].iter().filter(|byte| **byte == b'\n').count();
        line_start &= byte.is_ascii_whitespace();
        at += length;
    }
    Ok(all)
}

/// Bytes before `end` and `and` of it; all of them where it does not come.
fn until(bytes: &[u8], end: &[u8], and: usize) -> usize {
    bytes.windows(end.len()).position(|window| window == end).map_or(bytes.len(), |at| at + and)
}

fn run(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|byte| belongs(**byte)).count()
}

/// Bytes of the quoted text at the beginning, its quotes included.
fn quoted(bytes: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match *bytes.get(at)? {
            b'\\' => at += 2,
            byte if byte == bytes[0] => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// Bytes of the number at the beginning, an exponent with its sign included.
fn number(bytes: &[u8]) -> usize {
    let length = run(bytes, |byte| byte.is_ascii_alphanumeric() || byte == b'.');
    let hexadecimal = bytes.starts_with(b"0x") || bytes.starts_with(b"0X");
    let signed = matches!(bytes.get(length), Some(b'+' | b'-'));
    if !hexadecimal && signed && matches!(bytes[length - 1], b'e' | b'E') {
        return length + 1 + run(&bytes[length + 1..], |byte| byte.is_ascii_alphanumeric());
    }
    length
}

fn literal(bytes: &[u8]) -> Token {
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => i128::from_str_radix(digits, 16),
        None if text.len() > 1 && text.starts_with('0') => i128::from_str_radix(&text, 8),
        None => text.parse(),
    };
    parsed.map_or(Token::Literal, Token::Integer)
}
