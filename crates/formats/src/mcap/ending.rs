//! What stands behind the data section: the footer, and what should not be there.

use prairie_model::{Note, NoteKind};

use super::record::op;
use super::stream::{Current, Reading};
use super::walk::{MAGIC, next_frame};
use crate::messages::{Halt, Window};

/// Bytes of what follows the end that a note shows.
const SHOWN: u64 = 8;

/// Where the file whose data ends at `offset` ends, its last magic included; `None` where there is no footer and magic.
pub(super) fn end_of(window: &mut Window<'_>, mut offset: u64) -> std::io::Result<Option<u64>> {
    use super::walk::{Bytes, WalkError};
    let size = window.size();
    loop {
        let frame = match next_frame(window, offset, size) {
            Ok(Some(frame)) => frame,
            Err(WalkError::Io(error)) => return Err(error),
            Ok(None) | Err(_) => return Ok(None),
        };
        offset = frame.end();
        if frame.opcode == op::FOOTER {
            let room = size - offset >= MAGIC.len() as u64;
            let closed = room && window.get(offset, MAGIC.len())? == MAGIC;
            return Ok(closed.then_some(offset + MAGIC.len() as u64));
        }
    }
}

impl Reading<'_> {
    /// Looks at what follows the data section that ends at `offset`. Gives where the records of a further file begin, which
    /// stands behind the end of this one.
    pub(super) fn after_data(
        &mut self,
        current: &Current,
        window: &mut Window<'_>,
        offset: u64,
    ) -> Result<Option<u64>, Halt> {
        let size = window.size();
        let Some(end) = end_of(window, offset).map_err(Halt::io)? else {
            if !current.closed {
                let text = "the file is cut off after its data: the footer is missing";
                self.out.note(Note::new(NoteKind::Truncated, text).at(&current.path, size))?;
            }
            return Ok(None);
        };
        let left = size - end;
        if left == 0 {
            return Ok(None);
        }
        let begin = window.at_most(end, SHOWN).map_err(Halt::io)?;
        let (text, next) = if begin == MAGIC {
            let text = format!(
                "another MCAP file of {left} bytes begins behind the end of the one before it; it is read as well"
            );
            (text, Some(end + MAGIC.len() as u64))
        } else {
            let shown: Vec<_> = begin.iter().map(|byte| format!("{byte:02x}")).collect();
            let verb = if left == 1 { "byte follows" } else { "bytes follow" };
            let text = format!(
                "{left} {verb} the end of the file and {} no MCAP: {}",
                if left == 1 { "is" } else { "are" },
                shown.join(" ")
            );
            (text, None)
        };
        self.out.note(Note::new(NoteKind::Trailing, text).at(&current.path, end).numbers(left as f64, Some(0.0)))?;
        Ok(next)
    }
}
