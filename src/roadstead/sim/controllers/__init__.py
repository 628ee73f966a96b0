"""What runs beside an API server: controllers, a scheduler, kubelets. One file per controller.

Each is a function that brings one object where it should be, called when something changed that may matter to it
(`world` says when). They write through the same operations as requests do. Nobody runs while nothing happens.
"""
