"""Says what a walk over the XML of a URDF finds: joints with their limits, masses of links."""

import json
import sys
import xml.etree.ElementTree as tree

root = tree.parse(sys.argv[1]).getroot()


def attribute(node, path, name):
    found = node.find(path)
    return None if found is None else found.get(name)


joints = []
for joint in root.findall("joint"):
    limits = {key: attribute(joint, "limit", key) for key in ["lower", "upper", "velocity", "effort"]}
    ends = {key: attribute(joint, key, "link") for key in ["parent", "child"]}
    joints.append({"name": joint.get("name"), "type": joint.get("type"), **limits, **ends})
masses = [attribute(link, "inertial/mass", "value") for link in root.findall("link")]
print(json.dumps({"name": root.get("name"), "joints": joints, "masses": masses}))
