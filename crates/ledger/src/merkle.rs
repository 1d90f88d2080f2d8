//! The Merkle tree of Certificate Transparency: RFC 6962, section 2.1.

use prairie_model::Hash256;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Hash of a leaf: SHA-256(0x00 ‖ leaf).
pub fn leaf_hash(leaf: &[u8]) -> Hash256 {
    let mut hash = Sha256::new();
    hash.update([0]);
    hash.update(leaf);
    Hash256::from_bytes(hash.finalize().into())
}

/// Hash of a node: SHA-256(0x01 ‖ left ‖ right).
pub fn node_hash(left: Hash256, right: Hash256) -> Hash256 {
    let mut hash = Sha256::new();
    hash.update([1]);
    hash.update(left.as_bytes());
    hash.update(right.as_bytes());
    Hash256::from_bytes(hash.finalize().into())
}

/// Root of the tree over these leaf hashes; of no leaves it is SHA-256 of nothing.
pub fn root(leaves: &[Hash256]) -> Hash256 {
    let mut frontier = Frontier::default();
    for leaf in leaves {
        frontier.push(*leaf);
    }
    frontier.root()
}

/// What must be kept of a tree to add leaves to it: the roots of its full subtrees, largest first. One per bit of its size.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash256>,
}

impl Frontier {
    /// The frontier of `size` leaves with these peaks; `None` when they are not as many as `size` has bits set.
    pub fn new(size: u64, peaks: Vec<Hash256>) -> Option<Self> {
        (peaks.len() as u64 == u64::from(size.count_ones())).then_some(Self { size, peaks })
    }

    /// Leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Roots of the full subtrees, largest first.
    pub fn peaks(&self) -> &[Hash256] {
        &self.peaks
    }

    /// Adds the hash of a leaf.
    pub fn push(&mut self, leaf: Hash256) {
        let mut node = leaf;
        // As in a binary counter: each trailing one of the old size is a full subtree that merges with the new one.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = node_hash(left, node);
            }
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// The root.
    pub fn root(&self) -> Hash256 {
        let mut from_right = self.peaks.iter().rev().copied();
        match from_right.next() {
            None => Hash256::of(b""),
            Some(smallest) => from_right.fold(smallest, |right, left| node_hash(left, right)),
        }
    }
}

/// The largest power of two below `n`, for `n` > 1.
fn split(n: usize) -> usize {
    1 << (usize::BITS - 1 - (n - 1).leading_zeros())
}

/// The audit path of leaf `index` (RFC 6962, section 2.1.1): sibling first, `None` when there is no such leaf.
pub fn inclusion_proof(leaves: &[Hash256], index: usize) -> Option<Vec<Hash256>> {
    if index >= leaves.len() {
        return None;
    }
    let (mut rest, mut index, mut path) = (leaves, index, Vec::new());
    while rest.len() > 1 {
        let (left, right) = rest.split_at(split(rest.len()));
        if index < left.len() {
            path.push(root(right));
            rest = left;
        } else {
            path.push(root(left));
            index -= left.len();
            rest = right;
        }
    }
    path.reverse();
    Some(path)
}

/// Whether `leaf` is leaf `index` of the tree of `size` leaves with that root (RFC 9162, section 2.1.3.2).
pub fn verify_inclusion(leaf: Hash256, index: u64, size: u64, proof: &[Hash256], root: Hash256) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut node) = (index, size - 1, leaf);
    for &sibling in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            node = node_hash(sibling, node);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            node = node_hash(node, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && node == root
}

/// The proof that the tree over the first `size` leaves became the tree over all of them (RFC 6962, section 2.1.2); `None`
/// unless 0 < `size` ≤ the number of leaves.
pub fn consistency_proof(leaves: &[Hash256], size: usize) -> Option<Vec<Hash256>> {
    if size == 0 || size > leaves.len() {
        return None;
    }
    let (mut rest, mut size, mut whole, mut path) = (leaves, size, true, Vec::new());
    while size < rest.len() {
        let (left, right) = rest.split_at(split(rest.len()));
        if size <= left.len() {
            path.push(root(right));
            rest = left;
        } else {
            path.push(root(left));
            size -= left.len();
            rest = right;
            whole = false;
        }
    }
    // The old root itself is known to the verifier.
    if !whole {
        path.push(root(rest));
    }
    path.reverse();
    Some(path)
}

/// Whether the tree of `size` leaves with root `new` begins with the tree of `old_size` leaves with root `old` (RFC 9162,
/// section 2.1.4.2). The empty tree begins every tree.
pub fn verify_consistency(old_size: u64, old: Hash256, size: u64, new: Hash256, proof: &[Hash256]) -> bool {
    if old_size > size {
        return false;
    }
    if old_size == size {
        return proof.is_empty() && old == new;
    }
    if old_size == 0 {
        return proof.is_empty() && old == root(&[]);
    }
    // A full subtree is its own first node.
    let mut path = Vec::with_capacity(proof.len() + 1);
    if old_size.is_power_of_two() {
        path.push(old);
    }
    path.extend_from_slice(proof);
    let Some((&first, path)) = path.split_first() else { return false };
    let (mut at, mut last) = (old_size - 1, size - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let (mut from_old, mut from_new) = (first, first);
    for &sibling in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            from_old = node_hash(sibling, from_old);
            from_new = node_hash(sibling, from_new);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            from_new = node_hash(from_new, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && from_old == old && from_new == new
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// MTH of RFC 6962, word by word.
    fn oracle(leaves: &[Hash256]) -> Hash256 {
        match leaves {
            [] => Hash256::of(b""),
            [leaf] => *leaf,
            _ => {
                let mut k = 1;
                while k * 2 < leaves.len() {
                    k *= 2;
                }
                node_hash(oracle(&leaves[..k]), oracle(&leaves[k..]))
            }
        }
    }

    fn leaves(count: usize) -> Vec<Hash256> {
        (0..count).map(|at| leaf_hash(&at.to_le_bytes())).collect()
    }

    #[test]
    fn the_roots_are_those_of_the_reference_tree() {
        // The eight inputs of the Certificate Transparency implementation's own tests.
        let inputs: [&[u8]; 8] = [
            &[],
            &[0],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
        ];
        let hashes: Vec<_> = inputs.iter().map(|input| leaf_hash(input)).collect();
        let expected = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        for (size, expected) in expected.iter().enumerate() {
            assert_eq!(root(&hashes[..size]).to_string(), *expected, "{size} leaves");
        }
    }

    #[test]
    fn every_proof_of_every_small_tree_holds_and_no_other() {
        for size in 1..=33 {
            let all = leaves(size);
            let top = oracle(&all);
            for index in 0..size {
                let proof = inclusion_proof(&all, index).unwrap();
                assert!(verify_inclusion(all[index], index as u64, size as u64, &proof, top));
                for other in 0..=size {
                    let holds = verify_inclusion(all[index], other as u64, size as u64, &proof, top);
                    assert_eq!(holds, other == index, "leaf {index} of {size} as {other}");
                }
                let old = oracle(&all[..=index]);
                let proof = consistency_proof(&all, index + 1).unwrap();
                assert!(verify_consistency(index as u64 + 1, old, size as u64, top, &proof));
                assert!(!verify_consistency(index as u64 + 1, leaf_hash(b"x"), size as u64, top, &proof));
                assert!(!verify_consistency(index as u64 + 1, old, size as u64, leaf_hash(b"x"), &proof));
            }
        }
    }

    #[test]
    fn the_ends_are_minded() {
        let all = leaves(3);
        assert_eq!(
            (inclusion_proof(&all, 3), consistency_proof(&all, 0), consistency_proof(&all, 4)),
            (None, None, None)
        );
        assert!(verify_consistency(0, root(&[]), 3, root(&all), &[]));
        assert!(!verify_consistency(4, root(&all), 3, root(&all), &[]));
        assert!(!verify_inclusion(all[0], 0, 0, &[], all[0]));
        assert_eq!(Frontier::new(3, vec![all[0]]), None);
    }

    proptest! {
        #[test]
        fn frontier_and_oracle_agree(size in 0usize..300) {
            prop_assert_eq!(root(&leaves(size)), oracle(&leaves(size)));
        }

        #[test]
        fn large_trees_prove(size in 1usize..600, pick in any::<prop::sample::Index>(), flip in any::<prop::sample::Index>()) {
            let all = leaves(size);
            let index = pick.index(size);
            let mut proof = inclusion_proof(&all, index).unwrap();
            let top = root(&all);
            prop_assert!(verify_inclusion(all[index], index as u64, size as u64, &proof, top));
            if !proof.is_empty() {
                let at = flip.index(proof.len());
                proof[at] = leaf_hash(b"forged");
                prop_assert!(!verify_inclusion(all[index], index as u64, size as u64, &proof, top));
            }
            let proof = consistency_proof(&all, index + 1).unwrap();
            prop_assert!(verify_consistency(index as u64 + 1, root(&all[..=index]), size as u64, top, &proof));
        }
    }
}
