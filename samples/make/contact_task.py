"""Makes the two recordings of the contact cell that Prairie bundles: one ROS 2 MCAP, one LeRobot v2.1 folder.

    python -m venv venv && venv/bin/pip install -r requirements.txt
    MUJOCO_GL=osmesa venv/bin/python contact_task.py OUT_DIR

The same seed, library versions and renderer give the same bytes.
"""

import pathlib
import sys

import cell
import lerobot_out
import mcap_out

TASK = "Insert the square peg into the socket"
# Where the peg stands (m), and by how much the arm believes the socket to be elsewhere (m).
MCAP_ATTEMPTS = [((0.380, -0.130), 0.0003), ((0.372, -0.142), 0.0105), ((0.391, -0.121), -0.0004)]
LEROBOT_ATTEMPTS = [((0.369, -0.118), 0.0002), ((0.388, -0.145), -0.0003)]
SETTLE_S = 0.5


def main() -> None:
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    out.mkdir(parents=True, exist_ok=True)
    for path, recorder, attempts, seed in [
        (out / "contact-cell.mcap", mcap_out.Recorder, MCAP_ATTEMPTS, 7),
        (out / "contact-lerobot-v21", lerobot_out.Recorder, LEROBOT_ATTEMPTS, 11),
    ]:
        work = cell.Cell(seed)
        recorder = recorder(path, work, TASK)
        done = cell.run(work, attempts, SETTLE_S, recorder)
        for (_, miss_m), (start, end, depth_m) in zip(attempts, done):
            print(f"{path.name}: {(end - start) * cell.STEP_S:.2f} s, missed by {miss_m * 1000:.1f} mm, "
                  f"peg {depth_m * 1000:.1f} mm deep")
            assert (depth_m > 0.025) == (abs(miss_m) < 0.001), "the physics and the labels disagree"
        recorder.finish()
        work.renderer.close()


if __name__ == "__main__":
    main()
