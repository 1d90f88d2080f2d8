"""Says what pyulog reads from logs: for each topic and member the number of values and the SHA-256 of them as 64-bit floats."""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pyulog

for path in sorted(Path(sys.argv[1]).glob("*.ulg")):
    log = pyulog.ULog(str(path))
    told = {}
    for data in log.data_list:
        topic = data.name if data.multi_id == 0 else f"{data.name}/{data.multi_id}"
        letters = {field.field_name for field in data.field_data if field.type_str == "char"}
        for member, values in data.data.items():
            if member not in letters and "_padding" not in member:
                values = np.ascontiguousarray(values).astype("<f8")
                told[f"{topic} {member}"] = [len(values), hashlib.sha256(values.tobytes()).hexdigest()]
    texts = {}
    for line in log.logged_messages:
        texts.setdefault(line.log_level_str().lower(), []).append(line.message)
    for tag, lines in log.logged_messages_tagged.items():
        for line in lines:
            texts.setdefault(f"tag_{tag}/{line.log_level_str().lower()}", []).append(line.message)
    info = {key: str(value) for key, value in log.msg_info_dict.items() if isinstance(value, (str, int))}
    parameters = {key: float(value) for key, value in log.initial_parameters.items()}
    changes = [f"{name}" for _, name, _ in log.changed_parameters]
    dropouts = [drop.duration for drop in log.dropouts]
    path.with_suffix(".json").write_text(
        json.dumps(
            {
                "members": told,
                "texts": texts,
                "info": info,
                "parameters": parameters,
                "changes": changes,
                "dropouts": dropouts,
                "corrupt": bool(log.file_corruption),
            }
        )
    )
