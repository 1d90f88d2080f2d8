//! Several files in one input: `path \n length (4 bytes, little-endian) bytes`, again and again.

/// Files that one input may hold.
const FILES_MAX: usize = 64;

/// Takes an input apart. What does not fit is cut off: the fuzzer finds the lengths by itself.
pub fn unpack(mut data: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    while files.len() < FILES_MAX {
        let Some(end) = data.iter().position(|byte| *byte == b'\n') else { break };
        let (path, rest) = data.split_at(end);
        let Some((length, rest)) = rest[1..].split_first_chunk() else { break };
        // OK to cast: a u32 fits into usize wherever this is run; it is cut to what there is.
        let length = (u32::from_le_bytes(*length) as usize).min(rest.len());
        let (bytes, rest) = rest.split_at(length);
        let path = String::from_utf8_lossy(path).into_owned();
        // The paths of a recording are unique; the first file of a path counts.
        if !files.iter().any(|(other, _)| *other == path) {
            files.push((path, bytes.to_vec()));
        }
        data = rest;
    }
    files
}

/// Puts files into one input.
pub fn pack<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut data = Vec::new();
    for (path, bytes) in files {
        data.extend_from_slice(path.as_bytes());
        data.push(b'\n');
        // OK to fall back: a seed is some kilobytes, and a wrong length would only make it a worse seed.
        data.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
        data.extend_from_slice(bytes);
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_out_and_a_false_length_is_cut() {
        let data = pack([("a/b", &b"12"[..]), ("c", b""), ("a/b", b"again")]);
        let files = vec![("a/b".to_owned(), b"12".to_vec()), ("c".to_owned(), Vec::new())];
        assert_eq!(unpack(&data), files);
        assert_eq!(unpack(b"x\n\xff\xff\xff\xffrest"), [("x".to_owned(), b"rest".to_vec())]);
        assert_eq!(unpack(b"no line"), []);
    }
}
