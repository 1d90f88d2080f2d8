//! A place in the bytes of a message, with the rules of alignment and byte order.

use super::DecodeError;

/// Why a message does not fit its schema, and in which field.
#[derive(Debug)]
pub(crate) struct Fault {
    what: What,
    /// The field, innermost name first.
    path: Vec<String>,
}

#[derive(Debug)]
enum What {
    Short { needs: usize, has: usize },
    Other(String),
}

/// Boxed because it is rare, and a result of one word is passed in a register.
pub(crate) type Fallible<T> = Result<T, Box<Fault>>;

impl Fault {
    /// The bytes end before the value does.
    pub(crate) fn short(needs: usize, has: usize) -> Box<Self> {
        Box::new(Self { what: What::Short { needs, has }, path: Vec::new() })
    }

    /// Anything else, in words.
    pub(crate) fn other(text: impl Into<String>) -> Box<Self> {
        Box::new(Self { what: What::Other(text.into()), path: Vec::new() })
    }

    /// The field called `name` holds it.
    pub(crate) fn inside(mut self: Box<Self>, name: &str) -> Box<Self> {
        self.path.push(name.to_owned());
        self
    }

    /// The sentence. `encoding` is the name of the encoding in it.
    pub(crate) fn told(mut self, encoding: &str) -> DecodeError {
        self.path.reverse();
        let place = match self.path[..] {
            [] => String::new(),
            _ => format!(" in `{}`", self.path.join(".")),
        };
        DecodeError(match self.what {
            What::Short { needs, has } => {
                let missing = needs.saturating_sub(has);
                let s = if missing == 1 { "" } else { "s" };
                format!("{encoding} buffer ends {missing} byte{s} early{place} (needs {needs}, has {has})")
            }
            What::Other(text) => format!("{text}{place}"),
        })
    }
}

/// A number as it lies on the wire.
pub(crate) trait Number: Copy {
    /// Bytes.
    const SIZE: usize;
    /// The number in exactly `SIZE` bytes; zero for any other length.
    fn read(bytes: &[u8], big: bool) -> Self;
    /// Appends the numbers in `bytes`.
    fn extend(values: &mut Vec<Self>, bytes: &[u8], big: bool);
}

macro_rules! number {
    ($($kind:ty)*) => {$(
        impl Number for $kind {
            const SIZE: usize = size_of::<$kind>();

            #[inline]
            fn read(bytes: &[u8], big: bool) -> Self {
                match bytes.try_into() {
                    Ok(bytes) if big => <$kind>::from_be_bytes(bytes),
                    Ok(bytes) => <$kind>::from_le_bytes(bytes),
                    Err(_) => <$kind>::default(),
                }
            }

            fn extend(values: &mut Vec<Self>, bytes: &[u8], big: bool) {
                let (numbers, _) = bytes.as_chunks::<{ size_of::<$kind>() }>();
                if big {
                    values.extend(numbers.iter().map(|number| <$kind>::from_be_bytes(*number)));
                } else {
                    values.extend(numbers.iter().map(|number| <$kind>::from_le_bytes(*number)));
                }
            }
        }
    )*};
}

number!(i8 u8 i16 u16 i32 u32 i64 u64 f32 f64);

/// A place in a message.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    /// The next byte.
    pub(crate) at: usize,
    /// Where alignment counts from.
    pub(crate) origin: usize,
    /// Nothing is aligned to more than this; one where nothing is aligned at all.
    pub(crate) max_align: usize,
    /// Whether numbers begin with their highest byte.
    pub(crate) big: bool,
    /// Values that may still be made up for parts that the message leaves out.
    budget: usize,
}

impl<'a> Cursor<'a> {
    /// At the beginning of `bytes`: nothing aligned, low bytes first.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        // A message may leave parts out, so a row can be larger than its bytes; but not by more than this.
        let budget = (1_usize << 20).saturating_add(bytes.len().saturating_mul(64));
        Self { bytes, at: 0, origin: 0, max_align: 1, big: false, budget }
    }

    /// Bytes of the message.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Bytes after the place.
    pub(crate) fn left(&self) -> usize {
        self.bytes.len().saturating_sub(self.at)
    }

    /// The bytes after the place.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Takes `values` out of what may still be made up.
    pub(crate) fn spend(&mut self, values: usize) -> Fallible<()> {
        match self.budget.checked_sub(values) {
            Some(left) => self.budget = left,
            None => return Err(Fault::other(format!("a message of {} bytes leaves out too many values", self.len()))),
        }
        Ok(())
    }

    /// Skips to a multiple of `to`, a power of two.
    #[inline]
    pub(crate) fn align(&mut self, to: usize) {
        let to = to.min(self.max_align);
        let over = (self.at - self.origin) & (to - 1);
        if over != 0 {
            self.at += to - over;
        }
    }

    /// The next `length` bytes.
    #[inline]
    pub(crate) fn take(&mut self, length: usize) -> Fallible<&'a [u8]> {
        let end = self.at.saturating_add(length);
        match self.bytes.get(self.at..end) {
            Some(taken) => {
                self.at = end;
                Ok(taken)
            }
            None => Err(Fault::short(end, self.bytes.len())),
        }
    }

    /// The next number.
    #[inline]
    pub(crate) fn number<T: Number>(&mut self) -> Fallible<T> {
        self.align(T::SIZE);
        let big = self.big;
        self.take(T::SIZE).map(|bytes| T::read(bytes, big))
    }

    /// The next number, a count of items of at least `item_min` bytes each. Fails when they cannot all be there.
    pub(crate) fn count(&mut self, item_min: usize) -> Fallible<usize> {
        let count: u32 = self.number()?;
        // OK to cast: this program runs on 64-bit machines only, where usize holds every u32.
        let count = count as usize;
        self.expect_items(count, item_min)?;
        Ok(count)
    }

    /// Fails unless `count` items of at least `item_min` bytes each can follow.
    pub(crate) fn expect_items(&self, count: usize, item_min: usize) -> Fallible<()> {
        if item_min == 0 {
            // Items without bytes cost memory all the same.
            if count > self.len().max(1024) {
                return Err(Fault::other(format!("{count} items of no bytes in a message of {} bytes", self.len())));
            }
            return Ok(());
        }
        match count.checked_mul(item_min) {
            Some(needed) if needed <= self.left() => Ok(()),
            needed => Err(Fault::short(self.at.saturating_add(needed.unwrap_or(usize::MAX)), self.len())),
        }
    }
}
