"""Converts an HDF5 file of robomimic's layout to a LeRobot dataset with LeRobot's own writer, as its documentation shows.

Usage: lerobot_convert.py FILE FOLDER MODE CODEC

MODE is `images`, the default of the writer (pictures to files, then one video of each episode), or `streaming`. Reading is by h5py.
"""

import logging
import sys

import h5py
from lerobot.configs.video import RGBEncoderConfig
from lerobot.datasets.lerobot_dataset import LeRobotDataset


def main(source, folder, mode, codec):
    logging.disable(logging.WARNING)
    with h5py.File(source, "r") as file:
        demos = sorted(file["data"], key=lambda name: int(name.rsplit("_", 1)[1]))
        height, width, _ = file["data"][demos[0]]["obs/agentview_image"].shape[1:]
        features = {
            "observation.images.agentview": {"dtype": "video", "shape": (height, width, 3), "names": ["height", "width", "channels"]},
            "observation.state": {"dtype": "float32", "shape": (7,), "names": None},
            "action": {"dtype": "float32", "shape": (7,), "names": None},
        }
        dataset = LeRobotDataset.create(
            "prairie/bench",
            fps=20,
            features=features,
            root=folder,
            streaming_encoding=mode == "streaming",
            image_writer_threads=0 if mode == "streaming" else 4,
            encoder_queue_maxsize=1000,
            rgb_encoder=RGBEncoderConfig(vcodec=codec),
        )
        for name in demos:
            demo = file["data"][name]
            joints, actions = demo["obs/robot0_joint_pos"][()].astype("f4"), demo["actions"][()].astype("f4")
            for row, picture in enumerate(demo["obs/agentview_image"]):
                frame = {"observation.images.agentview": picture, "observation.state": joints[row], "action": actions[row]}
                dataset.add_frame({**frame, "task": "lift"})
            dataset.save_episode()
        dataset.finalize()


main(*sys.argv[1:])
